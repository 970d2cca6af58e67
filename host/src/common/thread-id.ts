import { readlinkSync } from "node:fs";

let id: number | undefined;

/**
 * The kernel's id of the calling thread (`gettid`): the number in `/proc/self/task` and in log lines. Node's own
 * `threadId` counts workers and means nothing outside the process.
 */
export function currentThreadId(): number {
  id ??= readThreadId();
  return id;
}

// The link reads "<process>/task/<thread>".
function readThreadId(): number {
  try {
    return Number(readlinkSync("/proc/thread-self").split("/").at(-1));
  } catch {
    return process.pid;
  }
}

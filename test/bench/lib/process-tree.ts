import { readFileSync, readdirSync } from "node:fs";

/** `pid` and all its descendants that are alive. */
function processTree(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const fields = statFields(Number(entry));
    if (fields === undefined) continue;
    const parent = Number(fields[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const tree = [pid];
  for (let i = 0; i < tree.length; i += 1) tree.push(...(children.get(tree[i]!) ?? []));
  return tree;
}

/** CPU time that the threads of a process tree have used so far, in microseconds; of those that are alive. */
export function cpuMicros(pid: number): number {
  let nanoseconds = 0;
  for (const each of processTree(pid)) {
    for (const thread of threads(each)) {
      // As fine as the scheduler counts; the times of `stat` are in steps of 10 ms.
      nanoseconds += Number(read(`/proc/${each}/task/${thread}/schedstat`).split(" ")[0]);
    }
  }
  return nanoseconds / 1000;
}

/** Proportional set size of a process tree in megabytes. */
export function pssMegabytes(pid: number): number {
  let kilobytes = 0;
  for (const each of processTree(pid)) {
    const rollup = read(`/proc/${each}/smaps_rollup`);
    kilobytes += Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
  }
  return kilobytes / 1024;
}

function threads(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    // The process ended between listing and reading.
    return [];
  }
}

/** The fields of `/proc/PID/stat` behind the command name: state is 0, parent 1. */
function statFields(pid: number): string[] | undefined {
  const text = read(`/proc/${pid}/stat`);
  return text === "" ? undefined : text.slice(text.lastIndexOf(")") + 2).split(" ");
}

function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    // The process ended between listing and reading.
    return "";
  }
}

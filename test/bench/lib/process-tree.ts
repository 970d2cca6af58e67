import { readFileSync, readdirSync } from "node:fs";

/** Clock ticks a second of `/proc/PID/stat` (`getconf CLK_TCK`). */
const ticksPerSecond = 100;

/** `pid` and all its descendants that are alive. */
export function processTree(pid: number): number[] {
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

/** CPU time that a process tree has used, user and system, in microseconds. */
export function cpuMicros(pid: number): number {
  let ticks = 0;
  for (const each of processTree(pid)) {
    const fields = statFields(each);
    if (fields !== undefined) ticks += Number(fields[11]) + Number(fields[12]);
  }
  return (ticks * 1_000_000) / ticksPerSecond;
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

/** The fields of `/proc/PID/stat` behind the command name: state is 0, parent 1, utime 11, stime 12. */
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

import { runsFromSource } from "../common/module-url.ts";

/**
 * Node's flags for the process that runs configuration and guests.
 * - `--disable-proto=delete`: a `__proto__` key in a configuration is a key like any other.
 * - `--disallow-code-generation-from-strings`: no `eval`, for nobody. WebAssembly is not concerned.
 * - `--unhandled-rejections=strict`: a forgotten error ends its thread, which is replaced.
 * - `--disable-sigusr1`: Node opens its debugger to whoever sends that signal.
 * - `--expose-gc`: threads give back what only their start needed.
 * - `--max-inlined-bytecode-size-cumulative`: the path of a request is many small functions, of which V8's own limit (920)
 *   leaves a part uninlined.
 * - `--heap-growing-percent=300`: compiled modules and their memories count towards the heaps of all threads that have
 *   them, and V8 collects a small heap whole for every few of them. This is how far it lets any heap grow by itself.
 * - `--min-semi-space-size=8` (MB): what each thread's start leaves behind is collected in few large steps.
 */
export function dataPlaneFlags(): string[] {
  return [
    ...(runsFromSource(import.meta.url) ? ["-C", "sluice-source"] : []),
    "--disable-proto=delete",
    "--disallow-code-generation-from-strings",
    "--unhandled-rejections=strict",
    "--disable-sigusr1",
    "--expose-gc",
    "--max-inlined-bytecode-size-cumulative=3000",
    "--heap-growing-percent=300",
    "--min-semi-space-size=8",
  ];
}

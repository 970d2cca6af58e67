import type { WasmVm } from "../vm.ts";
import type { HostFunction } from "./context-watch.ts";

/** The host functions, so that whoever watches the running callback sees them called. */
export function watchedImports(
  vm: WasmVm,
  functions: WebAssembly.ModuleImports,
): WebAssembly.ModuleImports {
  const watched: WebAssembly.ModuleImports = {};
  for (const [name, run] of Object.entries(functions)) {
    watched[name] = watchedFunction(vm, name, run as HostFunction);
  }
  return watched;
}

/** One test of a field is all that a call costs while nobody watches: arrays of arguments would cost much more. */
function watchedFunction(vm: WasmVm, name: string, run: HostFunction): HostFunction {
  switch (run.length) {
    case 1:
      return (a) => {
        const { watch } = vm.current;
        return watch === undefined ? run(a!) : watch.hostCall(name, run, [a!]);
      };
    case 2:
      return (a, b) => {
        const { watch } = vm.current;
        return watch === undefined ? run(a!, b!) : watch.hostCall(name, run, [a!, b!]);
      };
    case 3:
      return (a, b, c) => {
        const { watch } = vm.current;
        return watch === undefined ? run(a!, b!, c!) : watch.hostCall(name, run, [a!, b!, c!]);
      };
    case 4:
      return (a, b, c, d) => {
        const { watch } = vm.current;
        if (watch !== undefined) return watch.hostCall(name, run, [a!, b!, c!, d!]);
        return run(a!, b!, c!, d!);
      };
    case 5:
      return (a, b, c, d, e) => {
        const { watch } = vm.current;
        if (watch !== undefined) return watch.hostCall(name, run, [a!, b!, c!, d!, e!]);
        return run(a!, b!, c!, d!, e!);
      };
    default:
      return (...args) => {
        const { watch } = vm.current;
        return watch === undefined ? run(...args) : watch.hostCall(name, run, args);
      };
  }
}

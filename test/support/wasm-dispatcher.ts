import { hostcalls, type HostcallName } from "@sluice/abi";
import type { Context } from "../../host/src/guest/wasm/proxy-wasm/context.ts";
import type { RootContext } from "../../host/src/guest/wasm/proxy-wasm/root-context.ts";
import { callFailed } from "../../host/src/guest/wasm/proxy-wasm/vm.ts";
import { guest } from "./wasm-guest.ts";

/** Where the guest finds what to do, and where it leaves the status. */
const argumentsAt = 16;
const statusAt = 8;
const noStatus = 0xdead;

/** Begin and end of the memory that the guest does not use itself: for arguments. */
export const scratch = { start: 512, end: 4096 } as const;
/** Size of its memory, which does not grow. */
export const memoryBytes = 65_536;

/** A guest that makes any host call of a version with any arguments: which ones it finds in its memory. */
export function dispatchingGuest(version: "0.1.0" | "0.2.1"): Promise<Uint8Array<ArrayBuffer>> {
  const calls = callNames(version).map((name, number) => {
    const args = hostcalls[name].params.map(
      (type, i) => `(${type}.load (i32.const ${argumentsAt + 8 * i}))`,
    );
    return `(if (i32.eq (i32.load (i32.const 0)) (i32.const ${number}))
      (then (i32.store (i32.const ${statusAt}) (call $${name} ${args.join(" ")}))))`;
  });
  return guest(`(func (export "proxy_on_tick") (param i32) ${calls.join("\n")})`, { version });
}

/** Host calls of this version, in the table's order. */
export function callNames(version: "0.1.0" | "0.2.1"): HostcallName[] {
  const names = Object.keys(hostcalls) as HostcallName[];
  return names.filter((name) => (hostcalls[name].versions as readonly string[]).includes(version));
}

/** Lets the guest make a host call as `context`; the status, or undefined when its VM has failed. */
export function dispatch(
  root: RootContext,
  context: Context,
  name: HostcallName,
  args: readonly number[],
): number | undefined {
  const { vm } = root;
  const { memory } = vm;
  memory.setU32(0, callNames(vm.plugin.module.abiVersion as "0.2.1").indexOf(name));
  memory.setU32(statusAt, noStatus);
  args.forEach((value, i) => memory.setU64(argumentsAt + 8 * i, BigInt(value)));
  if (vm.call1(context, vm.exports.onTick!, context.id) === callFailed) return undefined;
  return memory.u32(statusAt);
}

import { BUFFER_CALL_DATA } from "../../../abi/src/numbers/buffer-type";
import { envoy_resolve_dns, proxy_set_effective_context } from "../env";
import { Context } from "../filter/context";
import { Body } from "../hostcall/body";
import { outWord } from "../memory/allocator";
import { encodeFirst, firstPointer, firstSize, releaseTexts } from "../memory/text";
import { decode } from "../memory/utf8";
import { Status } from "../status";
import { Callouts } from "./callouts";

/** One address of a name. */
export class DnsAddress {
  constructor(
    /** `127.0.0.1:0` or `[::1]:0`. */
    readonly address: string,
    /** For how many seconds it may be kept. */
    readonly ttlSeconds: u32,
  ) {}
}

/** What happens when a name has been looked up. */
export class DnsHandler {
  /** Null: it could not be found out. Empty: there is no such name. */
  onResolved(_addresses: DnsAddress[] | null): void {}
}

let lookups: Callouts<DnsHandler> | null = null;
/** The handler of the host call that runs now: Envoy may answer inside it. */
let starting: DnsHandler | null = null;

/** Looks a name up as the proxy's system does. After `Ok` the handler is called once. Only in Sluice and Envoy. */
export function resolveName(context: Context, name: string, handler: DnsHandler): Status {
  encodeFirst(changetype<usize>(name));
  const nameAt = firstPointer;
  const nameSize = firstSize;
  starting = handler;
  const status: Status = envoy_resolve_dns(nameAt, nameSize, outWord);
  const isAnswered = starting === null;
  starting = null;
  releaseTexts();
  if (status == Status.Ok && !isAnswered) {
    pendingLookups().add(load<u32>(outWord), context, handler);
  }
  return status;
}

/** A lookup that `root` hears of is over. */
export function finishLookup(root: u32, token: u32, size: u32): void {
  // The buffer is the plugin's: it is read before another context is entered.
  const addresses = readAddresses(size);
  const inside = starting;
  if (inside !== null) {
    starting = null;
    inside.onResolved(addresses);
    return;
  }
  const pending = pendingLookups();
  const lookup = pending.enter(token);
  if (lookup === null) return;
  pending.remove(token);
  lookup.handler.onResolved(addresses);
  proxy_set_effective_context(root);
}

function pendingLookups(): Callouts<DnsHandler> {
  let known = lookups;
  if (known === null) {
    known = new Callouts<DnsHandler>();
    lookups = known;
  }
  return known;
}

function readAddresses(size: u32): DnsAddress[] | null {
  if (size < 4) return null;
  const bytes = new Body(BUFFER_CALL_DATA).bytes();
  const start = changetype<usize>(bytes);
  const end = start + bytes.byteLength;
  const count: u32 = bytes.byteLength < 4 ? 0 : load<u32>(start);
  let at = start + 4 + <usize>count * 4;
  const addresses: DnsAddress[] = [];
  for (let i: u32 = 0; i < count && at < end; i++) {
    let stop = at;
    while (stop < end && load<u8>(stop) != 0) stop += 1;
    const address = decode(at, stop - at);
    addresses.push(new DnsAddress(address, load<u32>(start + 4 + <usize>i * 4)));
    at = stop + 1;
  }
  return addresses;
}

import type { Address } from "../contracts/address.ts";
import type { CidrRange } from "../contracts/config/snapshot.ts";
import { ipBytes } from "../common/ip-bytes.ts";

interface Node<T> {
  zero: Node<T> | undefined;
  one: Node<T> | undefined;
  value: T | undefined;
}

const newNode = <T>(): Node<T> => ({ zero: undefined, one: undefined, value: undefined });

/** Values by IP range; the longest matching prefix decides. */
export class IpTrie<T> {
  readonly #v4 = newNode<T>();
  readonly #v6 = newNode<T>();

  /** The value at exactly `range`, made when there is none. */
  at(range: CidrRange, make: () => T): T {
    let node = range.family === 4 ? this.#v4 : this.#v6;
    const bytes = ipBytes(range.ip, range.family);
    for (let bit = 0; bit < range.prefixLength; bit += 1) {
      if (isSet(bytes, bit)) node = node.one ??= newNode();
      else node = node.zero ??= newNode();
    }
    return (node.value ??= make());
  }

  /** The value of the longest prefix that `address` is in. A pipe is only in the ranges of all addresses. */
  find(address: Address): T | undefined {
    if (address.kind === "pipe") return this.#v4.value;
    let node: Node<T> | undefined = address.family === 4 ? this.#v4 : this.#v6;
    const bytes = ipBytes(address.ip, address.family);
    const bits = bytes.length * 8;
    let found: T | undefined;
    for (let bit = 0; node !== undefined; bit += 1) {
      found = node.value ?? found;
      if (bit === bits) break;
      node = isSet(bytes, bit) ? node.one : node.zero;
    }
    return found;
  }
}

function isSet(bytes: Uint8Array, bit: number): boolean {
  return ((bytes[bit >> 3]! >> (7 - (bit & 7))) & 1) === 1;
}

/** The ranges that hold every address. */
export const everyAddress: readonly CidrRange[] = [
  { ip: "0.0.0.0", family: 4, prefixLength: 0 },
  { ip: "::", family: 6, prefixLength: 0 },
];

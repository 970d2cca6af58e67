import type { Address } from "../../contracts/address.ts";
import type { CidrRange } from "../../contracts/config/snapshot.ts";

/** Decides which clients count as internal (`internal_address_config`). */
export class InternalAddresses {
  readonly #ranges: readonly {
    readonly base: bigint;
    readonly shift: bigint;
    readonly v6: boolean;
  }[];
  readonly #unixSockets: boolean;

  constructor(ranges: readonly CidrRange[], unixSockets: boolean) {
    this.#unixSockets = unixSockets;
    this.#ranges = ranges.map((range) => {
      const v6 = range.family === 6;
      const shift = BigInt((v6 ? 128 : 32) - range.prefixLength);
      return { base: addressBits(range.ip, range.family) >> shift, shift, v6 };
    });
  }

  /** Nothing is internal: spares the work. */
  get none(): boolean {
    return this.#ranges.length === 0 && !this.#unixSockets;
  }

  has(address: Address): boolean {
    if (address.kind === "pipe") return this.#unixSockets;
    if (this.#ranges.length === 0) return false;
    const bits = addressBits(address.ip, address.family);
    const v6 = address.family === 6;
    return this.#ranges.some((range) => range.v6 === v6 && bits >> range.shift === range.base);
  }
}

/** A canonical address (see `Address`) as a number. */
function addressBits(ip: string, family: 4 | 6): bigint {
  if (family === 4) {
    return ip.split(".").reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
  }
  const [head = "", tail] = ip.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...zeros, ...right].reduce(
    (bits, part) => (bits << 16n) | BigInt(`0x${part}`),
    0n,
  );
}

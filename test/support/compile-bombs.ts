function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low | 128 : low);
  } while (rest > 0);
  return bytes;
}

function section(id: number, ...parts: readonly (readonly number[] | Buffer)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from([id, ...leb(content.length)]), content]);
}

const header = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
const types = section(1, [1, 0x60, 0, 0]);
const end = 0x0b;

function module(...sections: readonly Buffer[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat([header, ...sections]));
}

/** A module with one function of this body. */
function withBody(...parts: readonly (readonly number[] | Buffer)[]): Uint8Array<ArrayBuffer> {
  const body = Buffer.concat([...parts.map((part) => Buffer.from(part)), Buffer.from([end])]);
  return module(types, section(3, [1, 0]), section(10, [1], leb(body.length), body));
}

const noLocals = [0];
/**
 * Modules that are small and valid, but cost an engine far more than their size: how each is made, and what is said
 * when it is refused.
 */
export const compileBombs: Readonly<
  Record<string, readonly [() => Uint8Array<ArrayBuffer>, RegExp]>
> = {
  "a million functions": [
    () =>
      module(
        types,
        section(3, leb(1e6), Buffer.alloc(1e6)),
        section(10, leb(1e6), Buffer.alloc(3e6, Buffer.from([2, 0, end]))),
      ),
    /1000000 functions are more than the limit of 100000/,
  ],
  "one enormous function": [
    () => withBody(noLocals, Buffer.alloc(6_999_999, Buffer.from([0x41, 1, 0x1a]))),
    /has 7000001 bytes of code, the limit is 524288/,
  ],
  "deep nesting": [
    () =>
      withBody(
        noLocals,
        Buffer.alloc(200_000, Buffer.from([0x02, 0x40])),
        Buffer.alloc(100_000, end),
      ),
    /has 1001 nested blocks, the limit is 1000/,
  ],
  "wide br_table": [
    () => withBody(noLocals, [0x41, 0, 0x0e], leb(60_000), Buffer.alloc(60_001)),
    /has 60000 br_table targets, the limit is 10000/,
  ],
  "many locals": [() => withBody([1, ...leb(40_000), 0x7f]), /has 40000 locals, the limit is 2000/],
  "locals times blocks": [
    () =>
      withBody([1, ...leb(2000), 0x7f], Buffer.alloc(3 * 100_000, Buffer.from([0x02, 0x40, end]))),
    /has 200000000 locals x blocks, the limit is 4000000/,
  ],
  "a huge table": [
    () => module(section(4, [1, 0x70, 0], leb(1e7))),
    /a table has 10000000 elements, the limit is 131072/,
  ],
  "a huge memory": [
    () => module(section(5, [1, 0], leb(65_536))),
    /needs 4294967296 bytes of memory, the limit is 67108864/,
  ],
  "a million exports": [
    () => module(section(7, leb(1e6))),
    /1000000 exports are more than the limit of 10000/,
  ],
  "a million types": [
    () => module(section(1, leb(1e6), Buffer.alloc(3e6, Buffer.from([0x60, 0, 0])))),
    /1000000 types are more than the limit of 10000/,
  ],
  "many data segments": [
    () =>
      module(
        section(5, [1, 0, 1]),
        section(11, leb(200_000), Buffer.alloc(1e6, Buffer.from([0, 0x41, 0, end, 0]))),
      ),
    /200000 data segments are more than the limit of 100000/,
  ],
  "many custom sections": [
    () => module(Buffer.alloc(200_000 * 4, Buffer.from([0, 2, 1, 0x61]))),
    /1001 custom sections are more than the limit of 1000/,
  ],
  "a module beyond 16 MiB": [
    () => module(section(0, [0], Buffer.alloc(17 * 1_048_576))),
    /the module has \d+ bytes, the limit is 16777216/,
  ],
};

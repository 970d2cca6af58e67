import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { headerIdOf } from "../../../../../host/src/common/headers/header-id.ts";
import { HpackDecoder } from "../../../../../host/src/http/codec/http2/hpack/decoder.ts";
import { HpackEncoder } from "../../../../../host/src/http/codec/http2/hpack/encoder.ts";
import { FieldFault } from "../../../../../host/src/http/codec/http2/hpack/field.ts";
import {
  huffmanDecode,
  huffmanEncode,
  huffmanLength,
} from "../../../../../host/src/http/codec/http2/hpack/huffman.ts";

type Field = readonly [name: string, value: string];

/** Decodes hexadecimal text; the fields, or the error. */
function decodeWith(decoder: HpackDecoder, hex: string): Field[] | string {
  const bytes = Buffer.from(hex.replaceAll(/\s/g, ""), "hex");
  const fields: Field[] = [];
  const error = decoder.decode(bytes, 0, bytes.length, {
    onField: (field) => fields.push([field.name.text, field.value]),
  });
  return error === "" ? fields : error;
}

function encodeWith(encoder: HpackEncoder, fields: readonly Field[]): Buffer {
  const out = Buffer.alloc(70_000);
  encoder.begin(out, 0);
  for (const [name, value] of fields) encoder.field(headerIdOf(name), name, value);
  return Buffer.from(out.subarray(0, encoder.end()));
}

const request1: Field[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/"],
  [":authority", "www.example.com"],
];
const request2: Field[] = [...request1, ["cache-control", "no-cache"]];
const request3: Field[] = [
  [":method", "GET"],
  [":scheme", "https"],
  [":path", "/index.html"],
  [":authority", "www.example.com"],
  ["custom-key", "custom-value"],
];
const date1 = "Mon, 21 Oct 2013 20:13:21 GMT";
const cookie = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
const response1: Field[] = [
  [":status", "302"],
  ["cache-control", "private"],
  ["date", date1],
  ["location", "https://www.example.com"],
];
const response2: Field[] = [[":status", "307"], ...response1.slice(1)];
const response3: Field[] = [
  [":status", "200"],
  ["cache-control", "private"],
  ["date", "Mon, 21 Oct 2013 20:13:22 GMT"],
  ["location", "https://www.example.com"],
  ["content-encoding", "gzip"],
  ["set-cookie", cookie],
];

describe("HpackDecoder (RFC 7541 appendix C)", () => {
  const decoder = (size = 4096): HpackDecoder => new HpackDecoder(size, 65_536);

  test("reads the literal and indexed fields of C.2", () => {
    assert.deepEqual(
      decodeWith(decoder(), "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572"),
      [["custom-key", "custom-header"]],
    );
    assert.deepEqual(decodeWith(decoder(), "040c 2f73 616d 706c 652f 7061 7468"), [
      [":path", "/sample/path"],
    ]);
    assert.deepEqual(decodeWith(decoder(), "1008 7061 7373 776f 7264 0673 6563 7265 74"), [
      ["password", "secret"],
    ]);
    assert.deepEqual(decodeWith(decoder(), "82"), [[":method", "GET"]]);
  });

  test("reads the requests of C.3, one after the other", () => {
    const one = decoder();
    assert.deepEqual(
      decodeWith(one, "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d"),
      request1,
    );
    assert.deepEqual(decodeWith(one, "8286 84be 5808 6e6f 2d63 6163 6865"), request2);
    assert.deepEqual(
      decodeWith(one, "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65"),
      request3,
    );
  });

  test("reads the Huffman requests of C.4", () => {
    const one = decoder();
    assert.deepEqual(decodeWith(one, "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff"), request1);
    assert.deepEqual(decodeWith(one, "8286 84be 5886 a8eb 1064 9cbf"), request2);
    assert.deepEqual(
      decodeWith(one, "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf"),
      request3,
    );
  });

  test("reads the responses of C.5, with evictions", () => {
    const one = decoder(256);
    assert.deepEqual(
      decodeWith(
        one,
        `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133
         2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70
         6c65 2e63 6f6d`,
      ),
      response1,
    );
    assert.deepEqual(decodeWith(one, "4803 3330 37c1 c0bf"), response2);
    assert.deepEqual(
      decodeWith(
        one,
        `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0
         5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851
         5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31`,
      ),
      response3,
    );
  });

  test("reads the Huffman responses of C.6", () => {
    const one = decoder(256);
    assert.deepEqual(
      decodeWith(
        one,
        `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6
         2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
      ),
      response1,
    );
    assert.deepEqual(decodeWith(one, "4883 640e ffc1 c0bf"), response2);
    assert.deepEqual(
      decodeWith(
        one,
        `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab
         77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f
         9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
      ),
      response3,
    );
  });

  for (const [what, hex] of [
    ["index 0", "80"],
    ["an index beyond the tables", "be"],
    ["a table size above the limit", "3fe2 1f"],
    ["a table size update behind a field", "8220"],
    ["an integer that does not end", "ffff ffff ffff ff"],
    ["a string longer than the block", "4003 6162"],
    ["a name without a value", "4001 61"],
    ["the end-of-string symbol in a string", "4001 6184 ffff ffff"],
    ["padding of eight bits", "4001 6182 1fff"],
    ["padding of zeros", "4001 6181 18"],
  ] as const) {
    test(`refuses ${what}`, () => assert.equal(typeof decodeWith(decoder(), hex), "string"));
  }

  test("marks names and values that cannot stand on the wire, and still counts them in", () => {
    const one = decoder();
    const faults: number[] = [];
    const block = Buffer.from("4001410162" + "4001610462 0d0a62".replace(" ", "") + "bebf", "hex");
    const error = one.decode(block, 0, block.length, { onField: (f) => faults.push(f.fault) });
    assert.equal(error, "");
    const { Name, Value } = FieldFault;
    assert.deepEqual(faults, [Name, Value, Value, Name]);
  });
});

describe("HpackEncoder", () => {
  test("uses tables, so that a field that comes again costs one byte", () => {
    const encoder = new HpackEncoder(4096, true);
    encodeWith(encoder, response3);
    assert.equal(
      encodeWith(encoder, [
        [":status", "200"],
        ["cache-control", "private"],
        ["content-encoding", "gzip"],
      ]).length,
      3,
    );
  });

  test("never indexes credentials", () => {
    const block = encodeWith(new HpackEncoder(4096, false), [["authorization", "secret"]]);
    assert.equal(block[0]! & 0xf0, 0x10);
  });

  test("says a changed table size in the next block, the lowest one first", () => {
    const encoder = new HpackEncoder(4096, true);
    encoder.setPeerTableSize(0);
    encoder.setPeerTableSize(100);
    assert.equal(encodeWith(encoder, [[":status", "200"]]).toString("hex"), "203f4588");
    assert.equal(encodeWith(encoder, [[":status", "200"]]).toString("hex"), "88");
  });

  test("and HpackDecoder agree about any fields, in any table size", () => {
    const text = fc.string({
      unit: fc.integer({ min: 33, max: 126 }).map((c) => String.fromCharCode(c)),
      maxLength: 60,
    });
    const name = fc.constantFrom(
      ":path",
      "date",
      "x-a",
      "x-b",
      "cookie",
      "server",
      "authorization",
      "etag",
    );
    const block = fc.array(fc.tuple(name, text), { maxLength: 12 });
    const size = fc.constantFrom(0, 60, 128, 300, 4096, 8192);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(block, size), { maxLength: 12 }),
        fc.boolean(),
        (blocks, huffman) => {
          const encoder = new HpackEncoder(8192, huffman);
          const decoder = new HpackDecoder(8192, 65_536);
          for (const [fields, tableSize] of blocks) {
            assert.deepEqual(
              decodeWith(decoder, encodeWith(encoder, fields).toString("hex")),
              fields,
            );
            encoder.setPeerTableSize(tableSize);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("huffmanEncode()", () => {
  test("is undone by huffmanDecode() for any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const text = Buffer.from(bytes).latin1Slice();
        const coded = Buffer.alloc(bytes.length * 4 + 8);
        const end = huffmanEncode(text, coded, 3);
        assert.equal(end - 3, huffmanLength(text));
        const decoded = Buffer.alloc(coded.length * 2);
        const length = huffmanDecode(coded, 3, end, decoded);
        assert.equal(decoded.latin1Slice(0, Math.max(0, length)), text);
      }),
    );
  });
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fromBinary, fromJson, toBinary } from "@bufbuild/protobuf";
import { StructSchema } from "@bufbuild/protobuf/wkt";
import { ProtobufReader, readProtobuf } from "../../../../host/src/common/protobuf/reader.ts";
import { readStruct, writeStruct } from "../../../../host/src/common/protobuf/struct.ts";
import { ProtobufWriter } from "../../../../host/src/common/protobuf/writer.ts";
import type { JsonValue } from "../../../../host/src/contracts/stream-info.ts";

const struct = {
  text: "ä\u0000x",
  number: -1.5,
  yes: true,
  nothing: null,
  list: [1, "two", [false], { deep: {} }],
  long: "l".repeat(20_000),
};

describe("ProtobufWriter", () => {
  test("nested messages of every size are read by a protobuf library", () => {
    for (const size of [0, 1, 120, 127, 128, 500, 16_383, 16_384, 100_000]) {
      const value = { a: { b: { c: "x".repeat(size) } } };
      const writer = new ProtobufWriter(1);
      writeStruct(writer, value);
      const read = fromBinary(StructSchema, writer.finish());
      assert.deepEqual(toBinary(StructSchema, read), new Uint8Array(writer.finish()));
      const again = readProtobuf(writer.finish(), (reader) => readStruct(reader));
      assert.ok(again.ok);
      assert.deepEqual(JSON.parse(JSON.stringify(again.value)), value);
    }
  });

  test("integers take as many bytes as they need", () => {
    const writer = new ProtobufWriter();
    for (const value of [0, 127, 128, 2 ** 32 - 1, 2 ** 53 - 1]) writer.uint(1, value);
    const reader = new ProtobufReader(writer.finish());
    const read: number[] = [];
    while (reader.next()) read.push(reader.uint());
    assert.deepEqual(read, [0, 127, 128, 2 ** 32 - 1, 2 ** 53 - 1]);
  });
});

describe("ProtobufReader", () => {
  test("a Struct that a library wrote is read", () => {
    const bytes = toBinary(StructSchema, fromJson(StructSchema, struct));
    const read = readProtobuf(Buffer.from(bytes), (reader) => readStruct(reader));
    assert.ok(read.ok);
    assert.deepEqual(JSON.parse(JSON.stringify(read.value)), struct);
  });

  test("fields that nobody takes are skipped, whatever their type", () => {
    const bytes = Buffer.from(
      "0805110000000000000000120161250000000018ffffffffffffffffff01",
      "hex",
    );
    const reader = new ProtobufReader(bytes);
    const fields: number[] = [];
    while (reader.next()) fields.push(reader.field);
    assert.deepEqual(fields, [1, 2, 2, 4, 3]);
  });

  test("negative integers have ten bytes", () => {
    const reader = new ProtobufReader(Buffer.from("08ffffffffffffffffff01", "hex"));
    assert.ok(reader.next());
    assert.equal(reader.int(), -1);
  });

  test("what is no message is refused, byte by byte", () => {
    const take = (reader: ProtobufReader): void => {
      while (reader.next()) if (reader.field === 1) reader.text();
    };
    for (const hex of ["0a05", "0a", "08", "0c", "0000", `08${"ff".repeat(11)}`, "0803", "1d00"]) {
      assert.equal(readProtobuf(Buffer.from(hex, "hex"), take).ok, false, hex);
    }
  });

  test("keys that mean something to JavaScript are keys", () => {
    const writer = new ProtobufWriter();
    writeStruct(writer, JSON.parse('{"__proto__":{"x":1}}') as { [key: string]: JsonValue });
    const read = readProtobuf(writer.finish(), (reader) => readStruct(reader));
    assert.ok(read.ok);
    assert.deepEqual(Object.keys(read.value), ["__proto__"]);
    assert.equal(({} as { x?: number }).x, undefined);
  });
});

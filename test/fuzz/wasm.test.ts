import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pairsByteLength, readPairs, writePairs } from "@sluice/abi";
import { OwnedBuffer } from "../../host/src/common/data-buffer.ts";
import { headerMapOf } from "../../host/src/common/headers/header-map.ts";
import type { RequestHeaderMap } from "../../host/src/contracts/headers.ts";
import { rewriteModule } from "../../host/src/guest/limits/rewriter.ts";
import { assemblyScript } from "../support/assemblyscript.ts";
import { hostcallRoles } from "../support/hostcall-roles.ts";
import { GuestCalls } from "../support/wasm-calls.ts";
import {
  callNames,
  dispatch,
  dispatchingGuest,
  memoryBytes,
  scratch,
} from "../support/wasm-dispatcher.ts";
import { WasmHost } from "../support/wasm.ts";

// Whatever bytes a module has and whatever a guest hands to the host: it is refused or answered. The same cases each
// time, unless SLUICE_FUZZ_FACTOR says how many times as many there are to be.

const factor = Number(process.env["SLUICE_FUZZ_FACTOR"] ?? 1);

function runs(count: number): { numRuns: number; seed?: number } {
  return factor === 1 ? { numRuns: count, seed: 1 } : { numRuns: count * factor };
}

const modules = [
  await assemblyScript("test/fixtures/wasm/assembly/probe.ts"),
  await dispatchingGuest("0.2.1"),
];

/** Some bytes of a module changed, some left out, some twice. */
const mutation = fc.record({
  module: fc.nat(modules.length - 1),
  edits: fc.array(
    fc.record({ at: fc.nat(), byte: fc.nat(255), kind: fc.constantFrom("set", "drop", "twice") }),
    { minLength: 1, maxLength: 4 },
  ),
});

function mutated({ module, edits }: typeof mutation extends fc.Arbitrary<infer T> ? T : never) {
  const bytes = [...modules[module]!];
  for (const { at, byte, kind } of edits) {
    const place = at % bytes.length;
    if (kind === "set") bytes[place] = byte;
    else if (kind === "drop") bytes.splice(place, 1 + (byte % 8));
    else bytes.splice(place, 0, ...bytes.slice(place, place + byte));
  }
  return Uint8Array.from(bytes);
}

test("rewriteModule() makes a valid module or an error of any bytes", () => {
  let valid = 0;
  fc.assert(
    fc.property(mutation, fc.boolean(), (edits, counted) => {
      const options = { exportState: counted, countInstructions: counted };
      const result = rewriteModule(mutated(edits), options);
      if (!result.ok) return assert.ok(result.error.length > 0);
      valid += 1;
      assert.ok(WebAssembly.validate(result.value.bytes));
    }),
    runs(600),
  );
  assert.ok(valid > 0, "some changes are harmless");
});

test("a plugin of any bytes is prepared or refused", async () => {
  // Counted, so that a loop that a change has made ends.
  const wasm = { deterministic: true, maxInstructionsPerConfigure: 1_000_000 };
  const host = new WasmHost(undefined, undefined, { wasm });
  await fc.assert(
    fc.asyncProperty(mutation, async (edits) => {
      const prepared = await host.prepare(mutated(edits));
      if (typeof prepared === "string") assert.match(prepared, /^Unable to create Wasm plugin/);
    }),
    runs(100),
  );
});

const statuses: ReadonlySet<number> = new Set([0, 1, 2, 3, 4, 6, 7, 8, 10, 12]);

/** Numbers that mean something to some parameter, and others. */
const argument = fc.oneof(
  fc.constantFrom(0, 1, 2, 3, 4, 8, 200, 0xffff_ffff, 0x8000_0000, memoryBytes - 1, memoryBytes),
  fc.integer({ min: scratch.start, max: scratch.end }),
  fc.integer({ min: 0, max: 64 }),
  fc.nat(0xffff_ffff),
);

for (const version of ["0.2.1", "0.1.0"] as const) {
  test(`host calls of ${version} answer any arguments with a status`, async () => {
    const code = await dispatchingGuest(version);
    const calls = await GuestCalls.create(undefined, version, undefined, code);
    const { context, root } = calls;
    calls.host.logger.lowest = "critical";
    const names = callNames(version).filter((name) => hostcallRoles[name].length > 0);
    const call = fc.record({
      name: fc.constantFrom(...names),
      args: fc.array(argument, { minLength: 12, maxLength: 12 }),
      content: fc.uint8Array({ maxLength: 128 }),
      stream: fc.boolean(),
    });
    fc.assert(
      fc.property(call, ({ name, args, content, stream }) => {
        const headers = headerMapOf([["x-a", "1"]]) as RequestHeaderMap;
        context.requestHeaders = headers;
        context.requestBody = OwnedBuffer.latin1("body");
        calls.vm.memory.bytes.set(content, scratch.start);
        const status = dispatch(root, stream ? context : root, name, args.slice(0, 12));
        assert.equal(root.vm.failure, undefined);
        assert.ok(statuses.has(status!), `${name} answered ${status}`);
      }),
      runs(2000),
    );
  });
}

test("readPairs() reads what writePairs() wrote, and nothing from anything else", () => {
  const latin1 = fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((c) => String.fromCharCode(c)),
  });
  fc.assert(
    fc.property(fc.array(fc.tuple(latin1, latin1)), fc.nat(), fc.nat(255), (pairs, at, byte) => {
      const source = {
        size: pairs.length,
        nameAt: (i: number) => pairs[i]![0],
        valueAt: (i: number) => pairs[i]![1],
      };
      const bytes = Buffer.alloc(pairsByteLength(source));
      writePairs(source, bytes, 0);
      assert.deepEqual(readPairs(bytes), pairs);
      assert.deepEqual(readPairs(bytes.subarray(0, bytes.length - 1)), []);
      bytes[at % bytes.length] = byte;
      for (const [name, value] of readPairs(bytes)) {
        assert.ok(name.length + value.length < bytes.length);
      }
    }),
    runs(300),
  );
});

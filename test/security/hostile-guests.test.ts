import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { adminAt, statsBelow } from "../support/admin-stats.ts";
import { answeringWithTrailers, outcomeOf } from "../support/failing-callbacks-proxy.ts";
import { Neighbours } from "../support/neighbours.ts";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  staticCluster,
  wasmConfig,
} from "../support/proxy-config.ts";
import { TestUpstream } from "../support/router-server.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import { wat } from "../support/wat.ts";

// Modules that try to take the worker or its memory: each behind a listener of its own, all on one worker.

const capPages = 32;
const longName = (capPages - 1) * 65_536;

/** What each request runs, and what the module is made of besides. */
interface Hostile {
  readonly body: string;
  readonly more?: string;
  readonly malloc?: string;
  readonly outcome: 503 | 200;
  /** The VM is over its CPU limit, or trapped before that, or unharmed; `either`: which of the first is a race. */
  readonly end: "stopped" | "trapped" | "either" | "alive";
}

const askMemory = `(drop (call $get (i32.const 0) (i32.const 16) (i32.const 64) (i32.const 68)))`;

const guests: Readonly<Record<string, Hostile>> = {
  "recurses without end": {
    body: "(drop (call $deep (i32.const 0)))",
    more: "(func $deep (param i32) (result i32) (i32.add (call $deep (local.get 0)) (call $deep (local.get 0))))",
    outcome: 503,
    end: "either",
  },
  "calls itself by tail calls without end": {
    body: "(call $again)",
    more: "(func $again (return_call $again))",
    outcome: 503,
    end: "stopped",
  },
  "catches whatever can be caught, and goes on": {
    body: "(loop $l (try (do (loop $m (br $m))) (catch_all)) (br $l))",
    outcome: 503,
    end: "stopped",
  },
  "catches the end of its stack, and goes on": {
    body: "(loop $l (try (do (call $deep)) (catch_all)) (br $l))",
    more: "(func $deep (call $deep) (call $deep))",
    outcome: 503,
    end: "either",
  },
  "fills its memory again and again": {
    body: `(drop (memory.grow (i32.const ${capPages - 1})))
      (loop $l (memory.fill (i32.const 0) (i32.const 1) (i32.const ${capPages * 65_536})) (br $l))`,
    outcome: 503,
    end: "stopped",
  },
  "takes all memory that there is, and uses it": {
    body: `(local $page i32)
      (block $full (loop $l
        (local.set $page (memory.grow (i32.const 1)))
        (br_if $full (i32.lt_s (local.get $page) (i32.const 0)))
        (i32.store (i32.mul (local.get $page) (i32.const 65536)) (i32.const 1))
        (br $l)))`,
    outcome: 200,
    end: "alive",
  },
  "hands over names of megabytes": {
    body: `(drop (memory.grow (i32.const ${capPages - 1})))
      (memory.fill (i32.const 65536) (i32.const 97) (i32.const ${longName}))
      (loop $l
        (drop (call $foreign (i32.const 65536) (i32.const ${longName}) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
        (drop (call $add (i32.const 0) (i32.const 65536) (i32.const ${longName}) (i32.const 65536) (i32.const ${longName})))
        (drop (call $property (i32.const 65536) (i32.const ${longName}) (i32.const 0) (i32.const 0)))
        (br $l))`,
    outcome: 503,
    end: "stopped",
  },
  "traps when it is asked for memory": {
    body: askMemory,
    malloc: "unreachable",
    outcome: 503,
    end: "trapped",
  },
  "never returns when it is asked for memory": {
    body: askMemory,
    malloc: "(loop $l (br $l))",
    outcome: 503,
    end: "stopped",
  },
};

function moduleOf({ body, more = "", malloc = "" }: Hostile): Promise<Uint8Array> {
  return wat(
    `(module
      (import "env" "proxy_get_header_map_pairs" (func $pairs (param i32 i32 i32) (result i32)))
      (import "env" "proxy_call_foreign_function" (func $foreign (param i32 i32 i32 i32 i32 i32) (result i32)))
      (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
      (import "env" "proxy_get_property" (func $property (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (func $get (param i32 i32 i32 i32) (result i32)
        (call $pairs (i32.const 0) (local.get 2) (local.get 3)))
      (func (export "proxy_abi_version_0_2_1"))
      (func (export "malloc") (param i32) (result i32) ${malloc} (i32.const 1024))
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) ${body} (i32.const 0))
      ${more})`,
    { exceptions: true, tail_call: true },
  );
}

const folder = scratchFolder({ after });
const upstream = await TestUpstream.start(answeringWithTrailers);
after(() => upstream[Symbol.asyncDispose]());
const trailers = { http_protocol_options: { enable_trailers: true } };
const listeners: JsonObject[] = [];
const ports = new Map<string, number>();
for (const [name, hostile] of Object.entries(guests)) {
  const plugin = name.replaceAll(/\W+/g, "_");
  const file = path.join(folder, `${plugin}.wasm`);
  writeFileSync(file, await moduleOf(hostile));
  const port = await freePort();
  ports.set(name, port);
  const filters = [httpFilter("guest", wasmConfig(file, { name: plugin, vm: { vm_id: plugin } }))];
  listeners.push(httpListener({ name: plugin, port, filters, hcm: trailers }));
}
const neighbourPort = await freePort();
listeners.push(httpListener({ name: "neighbour", port: neighbourPort, hcm: trailers }));
const admin = await freePort();
await startSluice(
  { after },
  {
    folder,
    args: ["--concurrency", "1"],
    config: bootstrap(listeners, [staticCluster("upstream", [upstream.port])], {
      ...adminAt(admin),
      bootstrap_extensions: [
        {
          name: "sluice.guests",
          typed_config: {
            "@type": "type.googleapis.com/sluice.guests.v1.Guests",
            default_limits: { max_memory_bytes: capPages * 65_536 },
          },
        },
      ],
    }),
  },
);
const neighbours = await Neighbours.start(neighbourPort, 10);
after(() => neighbours.stop());

for (const [name, { outcome, end }] of Object.entries(guests)) {
  test(`a module that ${name} costs nobody else anything`, async () => {
    const meanwhile = neighbours.ask();
    assert.equal(await outcomeOf(ports.get(name)!), outcome);
    await meanwhile;
    await neighbours.ask();
    const stats = await statsBelow(admin, `sluice.wasm.${name.replaceAll(/\W+/g, "_")}.`);
    assert.equal(stats.get("vm_failed"), end === "alive" ? 0 : 1);
    if (end !== "either") assert.equal(stats.get("cpu_limit_exceeded"), end === "stopped" ? 1 : 0);
    assert.ok(stats.get("memory_high_water_bytes")! <= capPages * 65_536);
  });
}

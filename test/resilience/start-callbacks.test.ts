import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { answeringWithTrailers, outcomeOf } from "../support/failing-callbacks-proxy.ts";
import { Neighbours } from "../support/neighbours.ts";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  extensionResponse,
  httpListener,
  luaConfig,
  staticCluster,
  wasmConfig,
} from "../support/proxy-config.ts";
import { PushedFilter, refusals } from "../support/pushed-filter.ts";
import { TestUpstream } from "../support/router-server.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import { wat } from "../support/wat.ts";

// A trap and an endless loop in everything that runs before a plugin is in use, pushed into a running proxy while 50
// connections of neighbours are at work: the version is refused, the one before stays, and nobody loses anything.

const waitMs = 60_000;
const folder = scratchFolder({ after });
const upstream = await TestUpstream.start(answeringWithTrailers);
after(() => upstream[Symbol.asyncDispose]());

const common = `(memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) (i32.const 1024))`;

const failures = { trap: "(unreachable)", loop: "(loop $l (br $l))" } as const;

/** Where each fails: the export, and what else the module has for it. */
const places: Readonly<Record<string, (fail: string) => string>> = {
  "start section": (fail) => `(start $go) (func $go ${fail})`,
  _initialize: (fail) => `(func (export "_initialize") ${fail})`,
  proxy_on_context_create: (fail) =>
    `(func (export "proxy_on_context_create") (param i32 i32) ${fail})`,
  proxy_on_vm_start: (fail) =>
    `(func (export "proxy_on_vm_start") (param i32 i32) (result i32) ${fail} (i32.const 1))`,
  proxy_on_configure: (fail) =>
    `(func (export "proxy_on_configure") (param i32 i32) (result i32) ${fail} (i32.const 1))`,
};

const pushed = new PushedFilter(
  folder,
  "pushed",
  ["wasm", "lua"],
  luaConfig(`function envoy_on_response(handle) handle:headers():add("x-version", "first") end`),
);
const port = await freePort();
const sluice = await startSluice(
  { after },
  {
    folder,
    args: ["--concurrency", "1"],
    config: bootstrap(
      [
        httpListener({
          port,
          hcm: { http_protocol_options: { enable_trailers: true } },
          filters: [pushed.entry()],
        }),
      ],
      [staticCluster("upstream", [upstream.port])],
      {
        bootstrap_extensions: [
          {
            name: "guests",
            typed_config: {
              "@type": "type.googleapis.com/sluice.guests.v1.Guests",
              default_limits: { cpu_time_per_configure: "0.2s" },
            },
          },
        ],
      },
    ),
  },
);
const neighbours = await Neighbours.start(port, 50);
after(() => neighbours.stop());

for (const [name, body] of Object.entries(places)) {
  for (const [failure, fail] of Object.entries(failures)) {
    test(`a ${failure} in ${name} of a pushed version costs nobody anything`, async () => {
      const file = path.join(folder, `${name}-${failure}.wasm`);
      writeFileSync(file, await wat(`(module ${common} ${body(fail)})`));
      const before = refusals(sluice).length;
      pushed.move(extensionResponse("pushed", `${name} ${failure}`, wasmConfig(file)));
      for (const deadline = performance.now() + waitMs; ; await sleep(20)) {
        await neighbours.ask();
        if (refusals(sluice).length > before) break;
        assert.ok(performance.now() < deadline, `${name} is not refused`);
      }
      assert.match(refusals(sluice).at(-1)!, new RegExp(name));
      assert.equal(await outcomeOf(port), 200);
      await neighbours.ask();
    });
  }
}

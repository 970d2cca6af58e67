import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { adminAt, statsBelow } from "../support/admin-stats.ts";
import { eventually } from "../support/eventually.ts";
import { askOnce } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import {
  bootstrap,
  discoveredLog,
  extensionResponse,
  fileLogConfig,
  httpFilter,
  httpListener,
  logLines,
  moveInto,
  staticCluster,
  typeUrl,
  wasmConfig,
} from "../support/proxy-config.ts";
import { PushedFilter } from "../support/pushed-filter.ts";
import { answering, ok, TestUpstream } from "../support/router-server.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import { guest, loggingCallbacks } from "../support/wasm-guest.ts";

// Access loggers that come by discovery, wherever there are access logs; in the command itself with two workers.

const folder = scratchFolder({ after });
const wasmLog = "envoy.extensions.access_loggers.wasm.v3.WasmAccessLog";
const upstream = await TestUpstream.start(answering(() => ok("upstream")));
after(() => upstream[Symbol.asyncDispose]());

const kinds = ["fileLog", wasmLog];
/** Of the place and the version. */
const logFile = (name: string, version: string): string =>
  path.join(folder, `${name}-${version}.log`);
const toFile = (name: string, version: string): JsonObject =>
  fileLogConfig(logFile(name, version), `${version} %RESPONSE_CODE%`);
const names = ["manager", "listener", "tcp", "admin"] as const;
const loggers = Object.fromEntries(
  names.map((name) => [name, new PushedFilter(folder, name, kinds, toFile(name, "1"))]),
) as { readonly [name in (typeof names)[number]]: PushedFilter };
const late = new PushedFilter(folder, "late", kinds);
moveInto(late.file, { resources: [] });

const source = ({ file }: PushedFilter): JsonObject => ({ path_config_source: { path: file } });
const log = (filter: PushedFilter, more: JsonObject = {}): JsonObject =>
  discoveredLog(filter.name, source(filter), kinds, more);

const httpPort = await freePort();
const tcpPort = await freePort();
const adminPort = await freePort();
const admin = adminAt(adminPort)["admin"] as JsonObject;
const not200 = {
  status_code_filter: { comparison: { op: "NE", value: { default_value: 200, runtime_key: "x" } } },
};
const sluice = await startSluice(
  { after },
  {
    folder,
    args: ["--concurrency", "2"],
    config: bootstrap(
      [
        httpListener({
          port: httpPort,
          routes: [
            { match: { prefix: "/404" }, direct_response: { status: 404 } },
            { match: { prefix: "/" }, direct_response: { status: 200 } },
          ],
          hcm: { access_log: [log(loggers.manager), { ...log(late), filter: not200 }] },
        }),
        {
          name: "tcp",
          address: { socket_address: { address: "127.0.0.1", port_value: tcpPort } },
          access_log: [log(loggers.listener)],
          filter_chains: [
            {
              filters: [
                httpFilter("tcp", {
                  "@type": typeUrl("envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"),
                  stat_prefix: "tcp",
                  cluster: "upstream",
                  access_log: [log(loggers.tcp)],
                }),
              ],
            },
          ],
        },
      ],
      [staticCluster("upstream", [upstream.port])],
      { admin: { ...admin, access_log: [log(loggers.admin)] } },
    ),
  },
);

/** Something for each place to log. */
async function happen(): Promise<void> {
  assert.equal((await askOnce(httpPort, { path: "/" })).status, 200);
  assert.equal((await askOnce(tcpPort, { path: "/" })).status, 200);
  await fetch(`http://127.0.0.1:${adminPort}/ready`);
}

test("every place logs by the first version", async () => {
  await happen();
  for (const name of names) {
    const [line] = await logLines(logFile(name, "1"), 1);
    assert.match(line!, /^1 (200|0)$/, name);
  }
});

test("every place logs by a new version from the next entry on, and the old file is closed", async () => {
  for (const name of names) await loggers[name].push(sluice, "2", toFile(name, "2"));
  // Both workers have the new ones.
  for (let i = 0; i < 8; i += 1) await happen();
  for (const name of names) {
    const lines = await logLines(logFile(name, "2"), name === "admin" ? 1 : 8);
    assert.ok(
      lines.every((line) => line.startsWith("2 ")),
      name,
    );
  }
  for (const name of ["manager", "listener", "tcp"]) {
    assert.equal((await logLines(logFile(name, "1"), 1)).length, 1, name);
  }
  const open = (): string[] => openFiles().filter((file) => file.endsWith("-1.log"));
  await eventually(() => open().length === 0, "all first files closed");
});

/** Paths of what the processes of the command have open. */
function openFiles(): string[] {
  const family = [String(sluice.child.pid), ...childrenOf(sluice.child.pid!)];
  return family.flatMap((pid) =>
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
      } catch {
        return [];
      }
    }),
  );
}

function childrenOf(pid: number): string[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1");
  return children.split(" ").filter((child) => child !== "");
}

test("entries of a logger that has not come are counted, and its filter holds", async () => {
  const missing = async (): Promise<number> =>
    (await statsBelow(adminPort, "extension_config_discovery.access_logger.late.")).get(
      "extension_config_missing",
    )!;
  const before = await missing();
  await askOnce(httpPort, { path: "/" });
  await askOnce(httpPort, { path: "/404" });
  await eventually(async () => (await missing()) > before, "an entry without a logger");
  assert.equal(await missing(), before + 1);
  await late.push(sluice, "1", toFile("late", "1"));
  await askOnce(httpPort, { path: "/" });
  await askOnce(httpPort, { path: "/404" });
  assert.deepEqual(await logLines(logFile("late", "1"), 1), ["1 404"]);
});

test("the module of a logger is freed when another version comes", async () => {
  const file = path.join(folder, "logger.wasm");
  writeFileSync(file, await guest(loggingCallbacks("proxy_on_log")));
  const active = async (): Promise<number> =>
    (await statsBelow(adminPort, "wasm.envoy.wasm.runtime.v8.")).get("active") ?? 0;
  for (const version of ["3", "4", "5"]) {
    const config = wasmConfig(file, { name: "logger", configuration: version });
    await late.push(sluice, version, { ...config, "@type": typeUrl(wasmLog) });
    await askOnce(httpPort, { path: "/404" });
    await sluice.untilLogged("proxy_on_log");
    // One on each worker, whatever the main thread tries it on.
    await eventually(async () => (await active()) <= 3, `VMs of version ${version}`);
  }
  const with5 = await active();
  await late.push(sluice, "6", toFile("late", "6"));
  await eventually(async () => (await active()) <= with5 - 2, "the workers' VMs freed");
});

test("a logger of another kind is refused, and the one before stays", async () => {
  const stdout = "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog";
  const content = extensionResponse("late", "7", { "@type": typeUrl(stdout) });
  const said = await late.refused(sluice, content);
  assert.match(said, /has type URL .*StdoutAccessLog but expect .*FileAccessLog/);
  await askOnce(httpPort, { path: "/404" });
  assert.deepEqual(await logLines(logFile("late", "6"), 1), ["6 404"]);
});

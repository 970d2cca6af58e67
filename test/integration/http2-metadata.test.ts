// METADATA frames through the proxy, against what Envoy 1.40.0 was seen to do with them. To record that anew:
//   SLUICE_UNDER_TEST=envoy SLUICE_WRITE_GOLDEN=1 node test/run.js integration/http2-metadata.test.ts
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { after, describe, test } from "node:test";
import { fatalCases, metadataCases, runCase } from "../golden/http2-metadata/cases.ts";
import { afterFatalCases, asHere, type Outcome } from "../golden/http2-metadata/deviations.ts";
import { writeGuests } from "../golden/http2-metadata/guests.ts";
import {
  listenerNames,
  metadataScenario,
  type ListenerName,
} from "../golden/http2-metadata/scenario.ts";
import { MetadataUpstream } from "../support/metadata-upstream.ts";
import { statsBelow } from "../support/admin-stats.ts";
import { freePort } from "../support/ports.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";

const recording = process.env["SLUICE_WRITE_GOLDEN"] !== undefined;
const golden = path.join(import.meta.dirname, "../golden/http2-metadata/http2-metadata.json");
const expected = recording
  ? { outcomes: {} as { readonly [name: string]: Outcome }, stats: {} }
  : (JSON.parse(readFileSync(golden, "utf8")) as {
      readonly outcomes: { readonly [name: string]: Outcome };
      readonly stats: { readonly [name: string]: number };
    });

const cases = recording ? metadataCases : { ...metadataCases, ...fatalCases };
const upstream = await MetadataUpstream.start(
  new Map(Object.entries(cases).map(([name, { upstream: answer }]) => [name, answer])),
);
after(() => upstream.close());
const plain = http.createServer((request, response) => {
  request.resume();
  request.on("end", () => response.end("plain"));
});
await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
after(() => {
  plain.closeAllConnections();
  plain.close();
});

const listeners = {} as Record<ListenerName, number>;
for (const name of listenerNames) listeners[name] = await freePort();
const folder = scratchFolder({ after });
const accessLog = path.join(folder, "access.log");
const ports = {
  listeners,
  admin: await freePort(),
  mark: await freePort(),
  upstream: upstream.port,
  plain: (plain.address() as AddressInfo).port,
};
const proxy = await startSluice(
  { after },
  {
    folder,
    config: metadataScenario(ports, await writeGuests(folder), accessLog, recording),
    args: ["--concurrency", "1", ...(recording ? ["--file-flush-interval-msec", "10"] : [])],
  },
);

const before = await metadataStats();
const ends = new Map<string, string>();
for (const [name, one] of Object.entries(cases)) {
  ends.set(name, await runCase(name, one, listeners, upstream));
  await (await fetch(`http://127.0.0.1:${ports.mark}/mark/${encodeURI(name)}`)).text();
}
await (await fetch(`http://127.0.0.1:${listeners.both}/of-the-upstream`)).text();
const counted = await metadataStats();
await proxy.until(() => guestLines().length === ends.size, "marks of all cases");
const guests = guestLines();
const logged = await accessLines();

/** METADATA without entries, and such for a client or a server of HTTP/1. */
async function metadataStats(): Promise<Map<string, number>> {
  return statsBelow(ports.admin, "", "metadata_");
}

/** What guests have logged, case by case. */
function guestLines(): string[][] {
  const byCase: string[][] = [];
  let lines: string[] = [];
  for (const line of proxy.lines) {
    if (/mark \/mark\//.test(line)) {
      byCase.push(lines);
      lines = [];
    } else if (/ wasm log[ :]/.test(line)) {
      lines.push(line.slice(line.search(/ wasm log[ :]/) + 10).trim());
    }
  }
  return byCase;
}

/** The same of the access log, which is written from time to time. */
async function accessLines(): Promise<string[][]> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const byCase: string[][] = [];
    let lines: string[] = [];
    for (const line of readFileSync(accessLog, "latin1").split("\n").slice(0, -1)) {
      if (line.startsWith("/mark/")) {
        byCase.push(lines);
        lines = [];
      } else if (!line.startsWith("/aside")) {
        lines.push(line.slice(line.indexOf(" ") + 1));
      }
    }
    if (byCase.length === ends.size || performance.now() > deadline) return byCase;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const outcomes: { [name: string]: Outcome } = {};
for (const [i, name] of Object.keys(cases).entries()) {
  const said = guests[i]!;
  outcomes[name] = {
    ends: ends.get(name)!,
    logged: logged[i] ?? [],
    ...(said.length > 0 && { guests: said }),
  };
}

describe("METADATA is as with Envoy:", () => {
  for (const name of Object.keys(cases)) {
    test(name, { skip: recording }, () => {
      const seen = expected.outcomes[name];
      assert.deepEqual(outcomes[name], seen === undefined ? afterFatalCases[name] : asHere(seen));
    });
  }

  test("stats", () => {
    const stats: { [name: string]: number } = {};
    for (const [name, value] of counted) {
      const more = value - (before.get(name) ?? 0);
      if (more > 0) stats[name] = more;
    }
    if (recording) {
      const content = { recordedWith: "Envoy 1.40.0", outcomes, stats };
      writeFileSync(golden, `${JSON.stringify(content, undefined, 1)}\n`);
    } else {
      assert.deepEqual(stats, expected.stats);
    }
  });
});

// What clients, upstreams and the log see of HTTP/2, against what Envoy 1.40.0 was seen to do. To record that anew:
//   SLUICE_UNDER_TEST=envoy SLUICE_WRITE_GOLDEN=1 node test/run.js integration/http2-golden.test.ts
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, describe, test } from "node:test";
import { http2Cases } from "../golden/http2/cases.ts";
import { deviations } from "../golden/http2/deviations.ts";
import { http2Scenario } from "../golden/http2/scenario.ts";
import { startUpstreams } from "../golden/http2/upstreams.ts";
import { freePort } from "../support/ports.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";

const recording = process.env["SLUICE_WRITE_GOLDEN"] !== undefined;
const golden = path.join(import.meta.dirname, "../golden/http2/http2.json");
const expected = recording
  ? {}
  : (JSON.parse(readFileSync(golden, "utf8")) as { outcomes: { [name: string]: string } }).outcomes;

const upstreams = await startUpstreams();
after(() => upstreams.close());
const listen = { one: await freePort(), two: await freePort() };
const log = path.join(scratchFolder({ after }), "access.log");
await startSluice(
  { after },
  {
    config: http2Scenario(listen, upstreams, log),
    args: ["--concurrency", "1", ...(recording ? ["--file-flush-interval-msec", "10"] : [])],
  },
);

const seen = new Map<string, string>();
for (const [name, run] of Object.entries(http2Cases)) {
  seen.set(name, await run(listen));
  // A line behind those of the case.
  await (await fetch(`http://127.0.0.1:${listen.one}/mark/${encodeURI(name)}`)).text();
}
const logged = await loggedByCase();

/** The lines of each case, once the last mark is there; the log is written from time to time. */
async function loggedByCase(): Promise<Map<string, string>> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const byCase = new Map<string, string>();
    let lines: string[] = [];
    for (const line of readLog()) {
      const mark = /^\/mark\/(\S+) /.exec(line)?.[1];
      if (mark === undefined) lines.push(line.slice(line.indexOf(" | ") + 3));
      else {
        byCase.set(decodeURI(mark), lines.join(" | "));
        lines = [];
      }
    }
    if (byCase.size === seen.size || performance.now() > deadline) return byCase;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function readLog(): string[] {
  try {
    return readFileSync(log, "latin1").split("\n").slice(0, -1);
  } catch {
    // Nothing was written yet.
    return [];
  }
}

const recorded: { [name: string]: string } = {};

describe("HTTP/2 is as with Envoy:", () => {
  for (const name of Object.keys(http2Cases)) {
    test(name, () => {
      const outcome = `${seen.get(name)} | ${logged.get(name) ?? "not logged"}`;
      if (recording) recorded[name] = outcome;
      else assert.equal(outcome, deviations[name] ?? expected[name]);
    });
  }

  test("all of it", { skip: !recording }, () => {
    const content = { recordedWith: "Envoy 1.40.0", outcomes: recorded };
    writeFileSync(golden, `${JSON.stringify(content, undefined, 1)}\n`);
  });
});

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  type AdminAnswer,
  type AdminCase,
  askAdmin,
  withoutVolatile,
} from "../support/admin-golden.ts";
import { scratchFolder, SluiceProcess } from "../support/sluice-process.ts";

// The same files, the same questions, the same answers: of Envoy they were recorded by test/golden/record-admin.ts.
const golden = fileURLToPath(new URL("../golden/admin/", import.meta.url));

interface Recorded {
  readonly envoy: string;
  readonly answers: readonly AdminAnswer[];
}

const recordedOf = (name: string): Recorded =>
  JSON.parse(readFileSync(path.join(golden, `${name}.json`), "utf8")) as Recorded;

// A hook that is registered inside another hook would run with that one's end.
const ends: (() => void | Promise<void>)[] = [];
const cleanup = { after: (end: () => void | Promise<void>) => void ends.unshift(end) };
after(async () => {
  for (const end of ends) await end();
});

/** A proxy that runs with `<name>.yaml`, and the address of its admin interface. */
async function start(name: string): Promise<string> {
  const folder = scratchFolder(cleanup);
  const addressFile = path.join(folder, "address");
  const config = readFileSync(path.join(golden, `${name}.yaml`), "utf8");
  const args = ["--concurrency", "2", "-l", "warning", "--admin-address-path", addressFile];
  const sluice = new SluiceProcess(cleanup, {
    config: config.replace("./ecds-filter.yaml", path.join(golden, "ecds-filter.yaml")),
    folder,
    args,
  });
  for (;;) {
    assert.equal(sluice.exit, undefined, sluice.stderr);
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (!existsSync(addressFile)) continue;
    const address = readFileSync(addressFile, "utf8");
    const ready = await askAdmin(address, { method: "GET", path: "/ready" });
    if (ready.status === 200) return address;
  }
}

/** Paths inside the configuration are where they are. */
async function ask(address: string, question: AdminCase): Promise<AdminAnswer> {
  const answer = withoutVolatile(await askAdmin(address, question));
  return { ...answer, body: answer.body.map((line) => line.replace(golden, "./")) };
}

/** Of the process and of the moment, not of the configuration; or counted by asking. */
const volatileStats =
  /^(server\.(uptime|version|total_connections|memory_\w+|stats_recent_lookups|hot_restart_generation)|http\.admin\.|listener\.admin\.|filesystem\.)/;

describe("admin with the configuration of bootstrap.yaml", () => {
  const { envoy, answers } = recordedOf("bootstrap");
  let address: string;
  before(async () => {
    address = await start("bootstrap");
  });

  test(`GET /stats prints lines that Envoy ${envoy} prints, and no others`, async () => {
    const { body } = await ask(address, { method: "GET", path: "/stats" });
    const expected = new Set(answers.find((answer) => answer.path === "/stats")!.body);
    const names = new Set([...expected].map((line) => line.replace(/: .*/, "")));
    const different = body.filter((line) => {
      const name = line.replace(/: .*/, "");
      return volatileStats.test(name) ? !names.has(name) : !expected.has(line);
    });
    assert.deepEqual(different, []);
    assert.ok(body.length > 100, "and there are some");
  });

  test("GET /stats prints everything that Envoy does, but for what host/docs/stats.md lists", async () => {
    const docs = readFileSync(new URL("../../host/docs/stats.md", import.meta.url), "utf8");
    const listed = docs.slice(docs.indexOf("## What Envoy has and Sluice does not"));
    const patterns = [...listed.matchAll(/`([a-z0-9_.*-]+)`/g)].map(
      ([, name]) => new RegExp(`^${name!.replaceAll(".", "\\.").replaceAll("*", ".*")}$`),
    );
    const nameOf = (line: string): string => line.replace(/: .*/, "");
    const printed = new Set(
      (await ask(address, { method: "GET", path: "/stats" })).body.map(nameOf),
    );
    const missing = answers
      .find((answer) => answer.path === "/stats")!
      .body.map(nameOf)
      .filter((name) => !printed.has(name) && !patterns.some((pattern) => pattern.test(name)));
    assert.deepEqual(missing, []);
  });

  test(`GET /stats/prometheus prints metrics as Envoy ${envoy} does`, async () => {
    const { body } = await ask(address, { method: "GET", path: "/stats/prometheus" });
    const withoutValue = (line: string): string => line.replace(/(?<=\}) .*$/, "");
    const recorded = answers.find((answer) => answer.path === "/stats/prometheus")!.body;
    const expected = new Set(recorded.map(withoutValue));
    assert.deepEqual(
      body.map(withoutValue).filter((line) => !expected.has(line)),
      [],
    );
  });

  for (const answer of answers) {
    if (/^\/stats($|\/prometheus)/.test(answer.path)) continue;
    test(`${answer.method} ${answer.path} answers as Envoy ${envoy} does`, async () => {
      assert.deepEqual(await ask(address, answer), answer);
    });
  }
});

describe("admin with a discovered filter", () => {
  const { envoy, answers } = recordedOf("ecds");
  let address: string;
  before(async () => {
    address = await start("ecds");
  });

  for (const answer of answers) {
    test(`${answer.method} ${answer.path} answers as Envoy ${envoy} does`, async () => {
      assert.deepEqual(await ask(address, answer), answer);
    });
  }
});

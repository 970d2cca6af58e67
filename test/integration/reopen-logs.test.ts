import assert from "node:assert/strict";
import { existsSync, readFileSync, renameSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { adminAt } from "../support/admin-stats.ts";
import { askOnce } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import { bootstrap, httpListener, typeUrl } from "../support/proxy-config.ts";
import { scratchFolder, SluiceProcess, startSluice } from "../support/sluice-process.ts";

// Files that were moved away are opened anew: access logs of all workers and of admin, and the log itself.

const folder = scratchFolder({ after });
const port = await freePort();
const adminPort = await freePort();
const files = ["access.log", "admin.log", "sluice.log"].map((name) => path.join(folder, name));
const [accessLog, adminLog, log] = files as [string, string, string];

const direct = { match: { prefix: "/" }, direct_response: { status: 200 } };
const admin = adminAt(adminPort);
const adminFile = { "@type": typeUrl("fileLog"), path: adminLog };
const sluice = await startSluice(
  { after },
  {
    folder,
    args: ["--concurrency", "2"],
    config: bootstrap([httpListener({ port, routes: [direct], accessLog })], [], {
      admin: {
        ...(admin["admin"] as object),
        access_log: [{ name: "envoy.access_loggers.file", typed_config: adminFile }],
      },
    }),
  },
);

const lines = (file: string): number =>
  existsSync(file) ? readFileSync(file, "utf8").split("\n").length - 1 : 0;

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, `still no ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

let asked = 0;
async function ask(): Promise<void> {
  asked += 1;
  assert.equal((await askOnce(port)).status, 200);
}
const adminAsks = async (): Promise<unknown> => fetch(`http://127.0.0.1:${adminPort}/ready`);

/** Moves the files away, has them reopened by `act`, and waits until lines arrive in new ones. */
async function rotated(suffix: string, act: () => Promise<unknown> | void): Promise<void> {
  await ask();
  await adminAsks();
  await until(() => lines(accessLog) > 0 && lines(adminLog) > 0, "lines in the first files");
  for (const file of [accessLog, adminLog]) renameSync(file, file + suffix);
  await act();
  await until(async () => {
    await ask();
    await adminAsks();
    return lines(accessLog) > 0 && lines(adminLog) > 0;
  }, "lines in new files");
}

test("SIGUSR1 opens log files anew, and loses no line", async () => {
  await rotated(".1", () => void process.kill(sluice.pid, "SIGUSR1"));
  await until(() => lines(accessLog) + lines(`${accessLog}.1`) === asked, "all lines");
});

test("POST /reopen_logs opens log files anew, and loses no line", async () => {
  const url = `http://127.0.0.1:${adminPort}/reopen_logs`;
  assert.equal((await fetch(url)).status, 405);
  await rotated(".2", async () => {
    const answer = await fetch(url, { method: "POST" });
    assert.deepEqual([answer.status, await answer.text()], [200, "OK\n"]);
  });
  const all = (): number => ["", ".1", ".2"].reduce((sum, end) => sum + lines(accessLog + end), 0);
  await until(() => all() === asked, "all lines");
});

test("SIGUSR1 opens the log of --log-path anew, too", async (t) => {
  const other = await startSluiceWithLog(t);
  renameSync(log, `${log}.1`);
  process.kill(other.pid, "SIGUSR1");
  await until(() => existsSync(log), "a new log");
  assert.equal(other.exit, undefined);
});

async function startSluiceWithLog(t: Parameters<typeof startSluice>[0]): Promise<SluiceProcess> {
  const otherPort = await freePort();
  const config = bootstrap([httpListener({ port: otherPort, routes: [direct] })]);
  const other = new SluiceProcess(t, { folder, args: ["--log-path", log], config });
  await until(
    () => existsSync(log) && readFileSync(log, "utf8").includes("starting workers"),
    "start",
  );
  return other;
}

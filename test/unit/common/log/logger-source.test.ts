import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { Worker } from "node:worker_threads";
import {
  logComponents,
  LogLevels,
  parseComponentLogLevels,
  parseLogLevel,
} from "../../../../host/src/common/log/levels.ts";
import { createLoggerSource } from "../../../../host/src/common/log/logger-source.ts";
import { currentThreadId } from "../../../../host/src/common/thread-id.ts";

const folder = mkdtempSync(path.join(tmpdir(), "logger-source-"));
after(() => rmSync(folder, { recursive: true }));

const noon = new Date(2026, 10, 21, 5, 0, 0, 7).getTime();
const time = { monotonicMs: () => 0, systemMs: () => noon };

test("createLoggerSource() writes lines in Envoy's format", () => {
  const file = path.join(folder, "format");
  const loggers = createLoggerSource({ levels: new LogLevels(), path: file, time });
  loggers.logger("main").info("starting main dispatch loop");
  loggers.logger("wasm").warning("wasm log my_plugin: 100 % of %s");
  loggers.logger("lua").critical("script log: two\nlines\u001b[31m");
  loggers.logger("lua").debug("not at this level");
  loggers.flush();
  const begin = `[2026-11-21 05:00:00.007][${currentThreadId()}]`;
  assert.equal(
    readFileSync(file, "utf8"),
    `${begin}[info][main] starting main dispatch loop\n` +
      `${begin}[warning][wasm] wasm log my_plugin: 100 % of %s\n` +
      `${begin}[critical][lua] script log: two\nlines\\x1b[31m\n`,
  );
});

test("Logger.enabled() follows the shared levels, from every thread", async () => {
  const levels = new LogLevels();
  const file = path.join(folder, "threads");
  const source = new URL("../../../../host/src/common/log/", import.meta.url).href;
  const worker = new Worker(
    `import { parentPort, workerData } from "node:worker_threads";
     import { LogLevels } from ${JSON.stringify(`${source}levels.ts`)};
     import { createLoggerSource } from ${JSON.stringify(`${source}logger-source.ts`)};
     const levels = new LogLevels(workerData.memory);
     const loggers = createLoggerSource({ levels, path: workerData.file });
     const log = loggers.logger("http");
     parentPort.on("message", (text) => {
       log.debug(text);
       loggers.flush();
       if (text === "last") parentPort.close();
       else parentPort.postMessage(log.enabled("debug"));
     });`,
    { eval: true, workerData: { memory: levels.memory, file } },
  );
  const say = async (text: string): Promise<boolean> => {
    worker.postMessage(text);
    return new Promise((resolve) => worker.once("message", resolve));
  };
  assert.equal(await say("one"), false);
  assert.ok(levels.set("http", "debug"));
  assert.equal(await say("two"), true);
  levels.setAll("error");
  worker.postMessage("last");
  await new Promise((resolve) => worker.once("exit", resolve));
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => line.replace(/^\[[^\]]+\]\[\d+\]/, "")),
    ["[debug][http] two"],
  );
  const thread = /^\[[^\]]+\]\[(\d+)\]/.exec(lines[0]!)![1];
  assert.notEqual(Number(thread), currentThreadId());
});

test("Logger.log() writes nothing at the level off", () => {
  const levels = new LogLevels();
  levels.setAll("off");
  const file = path.join(folder, "off");
  const loggers = createLoggerSource({ levels, path: file });
  const log = loggers.logger("main");
  for (const level of ["trace", "debug", "info", "warning", "error", "critical", "off"] as const) {
    assert.equal(log.enabled(level), false, level);
    log.log(level, "text");
  }
  log.critical("text");
  loggers.flush();
  assert.equal(readFileSync(file, "utf8"), "");
});

test("createLoggerSource() refuses a log file that cannot be opened", () => {
  const nowhere = path.join(folder, "no", "log");
  assert.throws(
    () => createLoggerSource({ levels: new LogLevels(), path: nowhere }),
    /ENOENT.*no\/log/,
  );
});

test("LogLevels gives names outside the list the level of misc", () => {
  const levels = new LogLevels();
  levels.set("misc", "trace");
  assert.equal(levels.get("something_else"), "trace");
  assert.equal(levels.set("something_else", "debug"), false);
});

test("parseLogLevel() takes Envoy's names, and warn only where the command line does", () => {
  assert.equal(parseLogLevel("warning"), "warning");
  assert.equal(parseLogLevel("warn"), undefined);
  assert.equal(parseLogLevel("warn", true), "warning");
  assert.equal(parseLogLevel("WARNING", true), undefined);
});

test("parseComponentLogLevels() takes pairs, and refuses the rest in Envoy's words", () => {
  assert.deepEqual(parseComponentLogLevels("upstream:debug,http:warn"), {
    ok: true,
    value: [
      ["upstream", "debug"],
      ["http", "warning"],
    ],
  });
  const error = (text: string): unknown => {
    const parsed = parseComponentLogLevels(text);
    return parsed.ok || parsed.error;
  };
  assert.equal(error("upstream"), "component log level not correctly specified 'upstream'");
  assert.equal(error("foo:debug"), "invalid component specified 'foo'");
  assert.equal(error("upstream:foo"), "invalid log level specified 'foo'");
});

test("every logger in the sources is one of the components that /logging lists", () => {
  const host = new URL("../../../../host/src/", import.meta.url);
  for (const file of readdirSync(host, { recursive: true }) as string[]) {
    if (!file.endsWith(".ts") || file.endsWith(".d.ts")) continue;
    const text = readFileSync(new URL(file, host), "utf8");
    for (const [, component] of text.matchAll(/\.logger\("([^"]*)"\)/g)) {
      assert.ok(logComponents.includes(component!), `${file}: "${component}" is no component`);
    }
  }
});

test("LoggerSource.logger() loads pino for guests, whose time is limited, and for nobody else", async () => {
  const source = new URL("../../../../host/src/common/log/", import.meta.url);
  const worker = new Worker(
    `const { createRequire } = require("node:module");
    const { parentPort } = require("node:worker_threads");
    const loaded = () => Object.keys(createRequire(${JSON.stringify(source.href)}).cache)
      .some((name) => name.includes("/pino/"));
    void (async () => {
      const { createLoggerSource } = await import(${JSON.stringify(new URL("logger-source.ts", source).href)});
      const { LogLevels } = await import(${JSON.stringify(new URL("levels.ts", source).href)});
      const loggers = createLoggerSource({ levels: new LogLevels() });
      const seen = [];
      for (const component of ["main", "lua", "wasm"]) {
        loggers.logger(component);
        seen.push(loaded());
      }
      parentPort.postMessage(seen);
    })();`,
    { eval: true },
  );
  const [seen] = (await once(worker, "message")) as [boolean[]];
  assert.deepEqual(seen, [false, true, true]);
  await worker.terminate();
});

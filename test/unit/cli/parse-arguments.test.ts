import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import { valueFlags } from "../../../host/src/cli/flags.ts";
import { helpText } from "../../../host/src/cli/help.ts";
import { parseArguments } from "../../../host/src/cli/parse-arguments.ts";
import type { ServerOptions } from "../../../host/src/cli/options.ts";

function options(...args: string[]): ServerOptions {
  const parsed = parseArguments(args);
  assert.ok(parsed.ok, parsed.ok ? "" : parsed.error);
  assert.ok(parsed.value.kind === "run");
  return parsed.value.options;
}

function problem(...args: string[]): string {
  const parsed = parseArguments(args);
  assert.ok(!parsed.ok, `${args.join(" ")} is refused`);
  return parsed.error;
}

test("parseArguments() reads every flag, with its value after a blank or an equals sign", () => {
  const expected: ServerOptions = {
    configPath: "a.yaml",
    configYaml: "{}",
    mode: "validate",
    concurrency: 3,
    logLevel: "debug",
    componentLogLevels: [
      { component: "http", level: "trace" },
      { component: "upstream", level: "warning" },
    ],
    logPath: "log",
    serviceNode: "node",
    serviceCluster: "cluster",
    adminAddressPath: "admin",
    shutdownGraceMs: 7000,
  };
  const pairs = [
    ["--config-path", "a.yaml"],
    ["--config-yaml", "{}"],
    ["--mode", "validate"],
    ["--concurrency", "3"],
    ["--log-level", "debug"],
    ["--component-log-level", "http:trace,upstream:warn"],
    ["--log-path", "log"],
    ["--service-node", "node"],
    ["--service-cluster", "cluster"],
    ["--admin-address-path", "admin"],
    ["--shutdown-grace-s", "7"],
  ];
  assert.deepEqual(
    pairs.map(([name]) => name),
    valueFlags.map((flag) => flag.name),
  );
  assert.deepEqual(options(...pairs.flat()), expected);
  assert.deepEqual(options(...pairs.map((pair) => pair.join("="))), expected);
});

test("parseArguments() has Envoy's short forms and defaults", () => {
  const read = options("-c", "a.yaml", "-l", "warn");
  assert.equal(read.configPath, "a.yaml");
  assert.equal(read.logLevel, "warning");
  assert.equal(read.mode, "serve");
  assert.equal(read.concurrency, availableParallelism());
  assert.equal(read.shutdownGraceMs, 5000);
  assert.equal(read.configYaml, undefined);
});

test("parseArguments() keeps an equals sign inside a value", () => {
  assert.equal(options("--config-yaml=a: b=c").configYaml, "a: b=c");
  assert.equal(options("--config-yaml", "a=b").configYaml, "a=b");
});

test("parseArguments() takes a concurrency of 0 for 1, as Envoy does", () => {
  assert.equal(options("-c", "a", "--concurrency", "0").concurrency, 1);
});

test("parseArguments() lets --help and --version win over what is missing", () => {
  assert.deepEqual(parseArguments(["--help"]), { ok: true, value: { kind: "help" } });
  assert.deepEqual(parseArguments(["-h"]), { ok: true, value: { kind: "help" } });
  assert.deepEqual(parseArguments(["--version"]), { ok: true, value: { kind: "version" } });
});

test("parseArguments() names the nearest flag when one is mistyped", () => {
  assert.equal(
    problem("--conifg-path", "a"),
    "There is no flag --conifg-path. Did you mean --config-path?",
  );
  assert.equal(
    problem("--loglevel=info"),
    "There is no flag --loglevel=info. Did you mean --log-level?",
  );
  assert.equal(problem("--zzzzzzzzz"), "There is no flag --zzzzzzzzz.");
});

test("parseArguments() refuses Envoy's other flags by name", () => {
  assert.match(problem("-c", "a", "--base-id", "1"), /does not support Envoy's flag --base-id: /);
  assert.match(problem("--disable-hot-restart"), /--disable-hot-restart: there is no hot restart/);
  assert.match(problem("--drain-time-s=3"), /--drain-time-s: .*--shutdown-grace-s/);
  assert.match(problem("--service-zone", "z"), /node\.locality\.zone/);
});

test("parseArguments() refuses values that are wrong or missing", () => {
  assert.equal(problem(), "No configuration: give -c <file>, or --config-yaml <text>.");
  assert.equal(problem("-c"), "-c needs a value: -c <file>.");
  assert.equal(problem("-c", ""), "--config-path has an empty value.");
  assert.equal(problem("-c", "a", "-c", "b"), "--config-path is given twice.");
  assert.equal(problem("-c", "a", "--mode", "x"), "--mode x is unknown: it is serve or validate.");
  assert.match(problem("-c", "a", "--mode", "init_only"), /init_only is not supported/);
  for (const wrong of ["x", "-1", "1.5", "", "257", "99999999999"]) {
    assert.match(problem("-c", "a", "--concurrency", wrong), /whole number from 0 to 256/);
  }
  assert.match(problem("-c", "a", "--shutdown-grace-s", "1h"), /whole number/);
  assert.match(problem("-c", "a", "-l", "INFO"), /there is no log level 'INFO'; perhaps info\./);
  assert.match(problem("-c", "a", "-l", "loud"), /one of trace, debug/);
  assert.match(problem("-c", "a", "--component-log-level", "http"), /'http' is not of the form/);
  assert.match(problem("-c", "a", "--component-log-level", "http:x"), /no log level 'x'/);
  assert.match(
    problem("-c", "a", "--component-log-level", "upsteam:info"),
    /no component 'upsteam'\. Did you mean upstream\?/,
  );
  assert.equal(problem("--help=yes"), "--help takes no value.");
  assert.equal(
    problem("a.yaml"),
    "'a.yaml' is not a flag. The configuration file is given with -c a.yaml.",
  );
});

test("helpText() explains every flag", () => {
  for (const flag of valueFlags) assert.ok(helpText().includes(`${flag.name} ${flag.value}`));
});

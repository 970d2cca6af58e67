import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import {
  type DevCommand,
  parseDevArguments,
} from "../../../../host/src/dev/serve/dev-arguments.ts";
import { scratchFolder } from "../../../support/sluice-process.ts";

const folder = scratchFolder({ after });
mkdirSync(path.join(folder, "mine/assembly"), { recursive: true });
mkdirSync(path.join(folder, "scripts"));
const main = path.join(folder, "mine/assembly/index.ts");
const script = path.join(folder, "scripts/a.lua");
for (const file of [main, script]) writeFileSync(file, "");

function parsed(...args: string[]): DevCommand {
  const result = parseDevArguments(args);
  assert.ok(result.ok && result.value !== "help", result.ok ? "" : result.error);
  return result.value;
}

test("parseDevArguments() finds the filter in a folder, and calls it as the folder", () => {
  const { filters, port, allowed } = parsed(
    path.join(folder, "mine"),
    path.join(folder, "scripts"),
  );
  assert.deepEqual(filters, [
    { name: "mine", file: main },
    { name: "a", file: script },
  ]);
  assert.deepEqual([port, allowed], [10_000, undefined]);
});

test("parseDevArguments() gives filters of one name different names", () => {
  const names = parsed(script, script, script).filters.map(({ name }) => name);
  assert.deepEqual(names, ["a", "a-2", "a-3"]);
});

test("parseDevArguments() takes the upstream, capabilities and the configuration, also from a file", () => {
  const file = path.join(folder, "config.json");
  writeFileSync(file, "{}");
  const command = parsed(
    main,
    "--upstream",
    "[::1]:80",
    "--allow",
    "proxy_log, fd_write",
    "--configuration",
    `@${file}`,
  );
  assert.deepEqual(command.upstream, { host: "::1", port: 80 });
  const { clusters } = parsed(main, "--clusters", "auth=127.0.0.1:90,users=[::1]:91");
  assert.deepEqual(
    [...clusters],
    [
      ["auth", { host: "127.0.0.1", port: 90 }],
      ["users", { host: "::1", port: 91 }],
    ],
  );
  assert.deepEqual(command.allowed, ["proxy_log", "fd_write"]);
  assert.equal(command.configuration, "{}");
  assert.deepEqual(parsed(main, "--allow", "").allowed, []);
});

test("parseDevArguments() says what is wrong in one sentence", () => {
  const error = (...args: string[]): string => {
    const result = parseDevArguments(args);
    return result.ok ? "ok" : result.error;
  };
  assert.match(error(), /^Which filter\?/);
  assert.match(error(folder), /there is no filter; give its \.ts, \.lua or \.wasm file$/);
  assert.equal(
    error("nowhere.ts"),
    "nowhere.ts: there is no such file or folder: is the path right?",
  );
  assert.match(error(import.meta.filename.replace(".test.ts", "")), /: there is no such file/);
  assert.match(error(main, "--upstream", "here"), /give ip:port, such as/);
  assert.match(error(main, "--clusters", "auth"), /'auth' is not name=ip:port, such as/);
  assert.match(error(main, "--clusters", "a=1.2.3.4:5,a=1.2.3.4:6"), /a cluster 'a' already/);
  assert.match(error(main, "--clusters", "upstream=1.2.3.4:5"), /a cluster 'upstream' already/);
  assert.match(error(script, "--configuration", "x"), /is for a module; a script has none/);
  assert.match(error(script, "--allow", "proxy_log"), /is for modules/);
  assert.match(error(main, "--admin-port", "0"), /^--admin-port '0' is not a port/);
  assert.match(error(main, script, "--configuration", "x"), /for one filter; there are several/);
  assert.match(error(main, "--allow", "proxy_logg"), /there is no host call 'proxy_logg'/);
  assert.match(
    error(main, "--configuration", "@/nowhere"),
    /^--configuration @\/nowhere: there is no such file/,
  );
});

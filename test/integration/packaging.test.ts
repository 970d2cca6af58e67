import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { run } from "../support/command.ts";
import { freePort } from "../support/ports.ts";
import { assemblyscript, npm, pack, published } from "../support/packages.ts";
import { RunningCommand } from "../support/running-command.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

const config = `
admin: { address: { socket_address: { address: 127.0.0.1, port_value: 0 } } }
static_resources:
  listeners:
  - name: main
    address: { pipe: { path: "./sluice.sock" } }
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: main
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: { prefix: / }
                direct_response: { status: 200, body: { inline_string: "from the package" } }
          http_filters:
          - name: envoy.filters.http.lua
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
              default_source_code:
                inline_string: |
                  function envoy_on_response(handle)
                    handle:headers():add("x-lua", "here")
                  end
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
`;

/** With every name that the library exports. */
const typedProgram = `
import {
  type CaseFields, type CaseResult, type ContentFields, type Costs, type FilterFields, type LogLine,
  OpenConnection, type OpenedSuite, OpenRequest, openSuite, type ReceivedRequest, type ReplyFields,
  type RequestFields, type Response, type SendFields, SuiteError, type SuiteFields, TestProxy,
} from "@sluice/host/testing";

const filters: readonly FilterFields[] = [{ file: "a.lua" }, { name: "b", typed_config: {} }];
const fields: SuiteFields = { filters, servers: { auth: { status: 403 } } };
const suite: OpenedSuite = openSuite(fields, "folder");
const own: CaseFields = { protocol: "http2", clock: "2026-01-01T00:00:00Z" };
const proxy: TestProxy = await suite.start(own);
const body: ContentFields = { hex: "00" };
const request: RequestFields = { method: "POST", headers: { a: ["b", "c"] }, body };
const response: Response = await proxy.request(request);
const [status, header]: [number, string | undefined] = [response.status, response.header("a")];
const open: OpenRequest = await proxy.begin();
const send: SendFields = { body: "a", end: true };
await open.send(send);
const connection: OpenConnection = await proxy.connect();
const reply: ReplyFields = { send: [body] };
await proxy.reply(reply);
const received: readonly ReceivedRequest[] = proxy.received("auth");
const log: readonly LogLine[] = proxy.log;
const costs: Costs = proxy.costs();
const results: CaseResult[] = await Promise.all(suite.cases.map((each) => each.run()));
const bytes: Buffer = connection.received;
const problems = (error: unknown): readonly string[] => (error instanceof SuiteError ? error.problems : []);
export { bytes, costs, header, log, problems, received, results, status };
// @ts-expect-error: there is no such field.
await proxy.request({ heders: {} });
// @ts-expect-error: a status is a number.
export const text: string = response.status;
`;

const typedProject = {
  compilerOptions: {
    strict: true,
    target: "esnext",
    module: "nodenext",
    types: ["node"],
    typeRoots: [path.join(root, "node_modules/@types")],
    noEmit: true,
  },
  files: ["program.ts"],
};

/** It packs, installs and compiles: minutes on a busy machine. */
const patience = { timeout: 600_000 };

// Node refuses to strip types under node_modules: what is published must be built, and whole.
test("the packed packages run in an empty folder outside the checkout", patience, async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-package-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const tarballs = await pack(path.join(folder, "tarballs"));
  const app = path.join(folder, "app");
  mkdirSync(app);
  writeFileSync(path.join(app, "package.json"), '{ "private": true }');
  const flags = ["--prefer-offline", "--no-audit", "--no-fund"];
  // What AssemblyScript filters are compiled with is the project's choice.
  const installed = await npm(["install", ...flags, ...tarballs, assemblyscript()], app);
  if (
    installed.code !== 0 &&
    /ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|ENOTCACHED/.test(installed.stderr)
  ) {
    return t.skip("there is neither a registry nor a cache with the dependencies");
  }
  assert.equal(installed.code, 0, installed.stderr);

  await t.test("npx sluice --version", async () => {
    const version = await npm(["exec", "--no", "sluice", "--", "--version"], app);
    assert.equal(version.code, 0, version.stderr);
    assert.match(version.stdout, /^sluice \d+\.\d+\.\d+ /m);
  });

  for (const language of ["as", "lua"]) {
    await t.test(
      `npx sluice new mine-${language} makes a project whose README's commands work`,
      async () => {
        const made = await npm(
          ["exec", "--no", "sluice", "--", "new", `mine-${language}`, "--lang", language],
          app,
        );
        assert.equal(made.code, 0, made.stderr);
        assert.match(made.stdout, /^Next:\n {2}cd mine-\w+\n {2}npm test /m);
        const project = path.join(app, `mine-${language}`);
        for (const [program, ...args] of readmeCommands(project)) {
          if (args.join(" ") === "run dev") await tryDev(t, project);
          else if (program === "npx") {
            const validated = await npm(
              ["exec", "--no", "--", ...args, "--mode", "validate"],
              project,
            );
            assert.equal(validated.code, 0, validated.stderr);
          } else {
            assert.equal(program, "npm");
            const finished = await npm(args, project);
            assert.equal(finished.code, 0, finished.stdout + finished.stderr);
            if (args[0] === "test") assert.match(finished.stdout, /^2 cases, 2 passed$/m);
          }
        }
      },
    );
  }

  await t.test("TypeScript knows the types of @sluice/host/testing", async () => {
    const project = path.join(app, "typed");
    mkdirSync(project);
    writeFileSync(path.join(project, "package.json"), '{ "type": "module" }');
    writeFileSync(path.join(project, "program.ts"), typedProgram);
    writeFileSync(path.join(project, "tsconfig.json"), JSON.stringify(typedProject));
    const compiler = path.join(root, "node_modules/typescript/bin/tsc");
    const checked = await run(process.execPath, [compiler, "-p", project]);
    assert.equal(checked.code, 0, checked.stdout + checked.stderr);
  });

  writeFileSync(path.join(app, "sluice.yaml"), config);
  await t.test("npx sluice --mode validate", async () => {
    const args = ["exec", "--no", "sluice", "--", "-c", "sluice.yaml", "--mode", "validate"];
    const validated = await npm(args, app);
    assert.equal(validated.code, 0, validated.stderr);
    assert.match(validated.stdout, /configuration 'sluice\.yaml' OK/);
  });

  await t.test("it serves, and ends in order", async () => {
    const command = path.join(app, "node_modules/.bin/sluice");
    const proxy = spawn(process.execPath, [command, "-c", "sluice.yaml", "--concurrency", "1"], {
      cwd: app,
      stdio: ["ignore", "ignore", "pipe"],
    });
    t.after(() => proxy.kill("SIGKILL"));
    let log = "";
    const ended = new Promise<number | null>((resolve) => proxy.once("exit", resolve));
    const ready = new Promise<string>((resolve) => {
      proxy.stderr.setEncoding("utf8").on("data", (text: unknown) => {
        log += String(text);
        if (log.includes("starting workers")) resolve("ready");
      });
    });
    assert.equal(await Promise.race([ready, ended]), "ready", log);
    const socket = path.join(app, "sluice.sock");
    const answer = await get(socket);
    assert.deepEqual(answer, { status: 200, lua: "here", body: "from the package" });
    proxy.kill("SIGTERM");
    assert.equal(await ended, 0, log);
  });
});

/** `npm run dev` on another port: one request, and its end. */
async function tryDev(t: TestContext, project: string): Promise<void> {
  const port = await freePort();
  const command = ["npm", "run", "dev", "--", "--port", String(port)];
  const dev = new RunningCommand(t, command, { cwd: project });
  await dev.until("Ctrl-C ends it.");
  const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { "x-name": "Ada" } });
  assert.equal(answer.headers.get("x-greeting"), "hello, Ada");
  await dev.until(/\+ x-greeting: hello, Ada$/m);
  process.kill(-dev.pid, "SIGINT");
  await dev.untilEnded();
}

function get(socketPath: string): Promise<{ status: unknown; lua: unknown; body: string }> {
  return new Promise((resolve, reject) => {
    const request = http.get({ socketPath, path: "/" }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: unknown) => (body += String(text)));
      const { statusCode: status, headers } = response;
      response.on("end", () => resolve({ status, lua: headers["x-lua"], body }));
    });
    request.on("error", reject);
  });
}

/** What the README of a new project shows: the commands, without those that go on until they are ended. */
function readmeCommands(project: string): string[][] {
  const readme = readFileSync(path.join(project, "README.md"), "utf8");
  const [, block = ""] = /```sh\n([\s\S]*?)```/.exec(readme)!;
  const lines = block.trim().split("\n");
  return lines.map((line) => line.split("#")[0]!.trim().split(/ +/));
}

test("the packages that are published are named in the packing test", () => {
  const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
  const isPrivate = (name: string): boolean =>
    JSON.parse(readFileSync(path.join(root, name, "package.json"), "utf8")).private === true;
  const found = manifest.workspaces.filter((name: string) => !isPrivate(name));
  assert.deepEqual(found, published);
});

// How long it takes from saving a filter under `sluice dev` until a request is answered by the new one, on a
// connection that stays open. Prints the median and the worst of some saves, in milliseconds.
//
//   node -C sluice-source test/tools/save-to-live.ts [saves]
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { sluiceBin } from "../support/command.ts";
import { TestClient } from "../support/hcm-server.ts";
import { ask } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import { RunningCommand, save } from "../support/running-command.ts";
import { scratchFolder } from "../support/sluice-process.ts";

const saves = Number(process.argv[2] ?? 10);
const targets = { AssemblyScript: 1000, Lua: 100 } as const;
const cleanups: (() => void | Promise<void>)[] = [];
const cleanup = { after: (callback: () => void | Promise<void>) => void cleanups.push(callback) };
const folder = scratchFolder(cleanup);
const files = {
  AssemblyScript: path.join(folder, "hello.ts"),
  Lua: path.join(folder, "hello.lua"),
};
writeFileSync(
  files["AssemblyScript"],
  readFileSync(
    new URL("../../sample-filters/hello/assembly/index.ts", import.meta.url),
    "utf8",
  ).replace('"x-hello-wasm", `', '"x-version", `<0>'),
);
writeFileSync(
  files["Lua"],
  'function envoy_on_response(handle)\n  handle:headers():add("x-version", "<0>")\nend\n',
);

for (const [language, file] of Object.entries(files)) {
  const port = await freePort();
  const command = [process.execPath, sluiceBin, "dev", file, "--port", String(port)];
  const dev = new RunningCommand(cleanup, command, { cwd: folder });
  await dev.until("Ctrl-C ends it.");
  const client = await TestClient.connect(port);
  cleanup.after(() => client[Symbol.asyncDispose]());
  const took: number[] = [];
  for (let version = 1; version <= saves; version += 1) {
    const startMs = performance.now();
    save(file, `<${version - 1}>`, `<${version}>`);
    while (!(await ask(client)).headers.get("x-version")?.includes(`<${version}>`)) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    took.push(performance.now() - startMs);
  }
  took.sort((a, b) => a - b);
  const median = took[took.length >> 1]!.toFixed(0);
  const target = targets[language as keyof typeof targets];
  console.log(
    `${language}: ${median} ms, at most ${took.at(-1)!.toFixed(0)} ms (target ${target} ms)`,
  );
}
for (const callback of cleanups.reverse()) await callback();

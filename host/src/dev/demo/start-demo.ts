import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ExitCode } from "../../common/exit-code.ts";
import { packageFolder } from "../../common/package-folder.ts";
import { bootstrapText } from "../proxy/bootstrap-text.ts";
import { portProblem } from "../proxy/port-problem.ts";
import { startProxy, untilExit } from "../proxy/proxy-process.ts";
import { PushedFilter } from "../proxy/pushed-filter.ts";
import { oneAtATime, watchSource } from "../proxy/source-watch.ts";
import { type DemoArguments, parseDemoArguments } from "./demo-arguments.ts";
import { startDemoUpstream } from "./demo-upstream.ts";

/**
 * `npm start`: builds the sample filters, runs the proxy with them and an upstream, and pushes a filter whenever its
 * source is saved. Ends with the proxy. `--port` and `--admin-port` choose other ports than 10000 and 9901; what else
 * is in `args` is for the proxy.
 */
export async function startDemo(args: readonly string[]): Promise<number> {
  const samples = path.join(packageFolder(import.meta.url), "../sample-filters");
  if (!existsSync(samples)) {
    console.error(
      "sluice start: there is no sample-filters folder here; it is for a checkout of the project",
    );
    return ExitCode.usage;
  }
  const parsed = parseDemoArguments(args);
  if (!parsed.ok) {
    console.error(`sluice start: ${parsed.error}`);
    return ExitCode.usage;
  }
  const problem =
    (await portProblem(parsed.value.proxyPort, "--port")) ??
    (await portProblem(parsed.value.adminPort, "--admin-port"));
  if (problem !== undefined) {
    console.error(`sluice start: ${problem}`);
    return ExitCode.runTime;
  }
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-demo-"));
  try {
    return await runDemo(samples, folder, parsed.value);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runDemo(samples: string, folder: string, args: DemoArguments): Promise<number> {
  const filters = [
    demoFilter("hello", path.join(samples, "hello/assembly/index.ts"), folder),
    demoFilter("hello-lua", path.join(samples, "hello-lua/hello.lua"), folder),
  ];
  for (const filter of filters) {
    const pushed = await filter.push();
    if (pushed.kind !== "refused") continue;
    console.error(pushed.problem);
    return ExitCode.config;
  }
  const upstream = await startDemoUpstream();
  const config = path.join(folder, "demo.yaml");
  const parts = { ...args, upstream: { host: "127.0.0.1", port: upstream.port }, filters };
  writeFileSync(config, bootstrapText({ ...parts, madeBy: "npm start" }));
  const proxy = startProxy(["-c", config, ...args.rest], {
    onReady: () => console.log(tourText(args)),
    onLine: (line) => {
      console.error(line);
      explain(filters, line);
    },
  });
  const watchers = filters.map((filter) =>
    watchSource(
      filter.file,
      oneAtATime(() => push(filter)),
    ),
  );
  try {
    return await untilExit(proxy);
  } finally {
    for (const watcher of watchers) watcher.close();
    upstream.close();
  }
}

function demoFilter(name: string, file: string, folder: string): PushedFilter {
  return new PushedFilter({ name, file, folder, optimize: true });
}

/** What the proxy says of a script is said once more, with the place in the file that is edited. */
function explain(filters: readonly PushedFilter[], logLine: string): void {
  for (const filter of filters) {
    const text = filter.explain(logLine);
    if (text === undefined) continue;
    filter.forget();
    console.error(`${text}\n${oldOneStays}`);
  }
}

const oldOneStays = "The filter that runs stays.";

const tourText = ({ proxyPort, adminPort }: DemoArguments): string => `
Sluice runs. Try it:        curl -i http://127.0.0.1:${proxyPort}/
The Wasm filter's source:   sample-filters/hello/assembly/index.ts     (save it, and the next request sees it)
The Lua filter's source:    sample-filters/hello-lua/hello.lua         (the same)
Admin:                      http://127.0.0.1:${adminPort}/
Ctrl-C ends it.
`;

async function push(filter: PushedFilter): Promise<void> {
  const pushed = await filter.push();
  switch (pushed.kind) {
    case "refused":
      return console.error(`${pushed.problem}\n${oldOneStays}`);
    case "same":
      return console.log(`${filter.source} saved: nothing is different`);
    case "pushed":
      return console.log(`${filter.source} saved: pushed as ${filter.name}`);
  }
}

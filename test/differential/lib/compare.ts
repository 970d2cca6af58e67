import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { envoyVersion } from "../../golden/running-envoy.ts";
import type { Cleanup } from "../../support/sluice-process.ts";
import type { Corpus } from "./corpus.ts";
import { envoyCommand, Peer } from "./peer.ts";
import { Servers } from "./servers.ts";
import type { Seen, TrafficCase } from "./traffic.ts";

/** What Envoy did with the cases of a corpus. */
export interface Recording {
  readonly envoy: string;
  /** Of all parts of the corpus, as a set. */
  readonly startLines: readonly string[];
  readonly cases: { readonly [name: string]: Seen };
}

export function readRecording(file: string): Recording {
  return JSON.parse(readFileSync(file, "utf8")) as Recording;
}

/**
 * Runs the cases in both proxies, says where they differ, and ends the process with 1 if a difference has no reason.
 * With `--record` what Envoy did is written to `file`, which `npm test` compares with.
 */
export async function compareCommand<C extends TrafficCase>(
  corpora: readonly Corpus<C>[],
  file: string,
): Promise<void> {
  const [envoy = ""] = envoyCommand();
  if (spawnSync(envoy, ["--version"]).error !== undefined) {
    console.error(`${envoy} cannot be run: put Envoy 1.40 on the PATH, or name it in $ENVOY`);
    process.exitCode = 2;
    return;
  }
  const args = process.argv.slice(2);
  const names = args.filter((arg) => !arg.startsWith("--"));
  const recorded: Record<string, Seen> = {};
  const startLines = new Set<string>();
  const records = args.includes("--record");
  let [count, failures] = [0, 0];
  for (const corpus of corpora) {
    const cases = corpus.cases.filter(({ name }) => names.length === 0 || names.includes(name));
    if (cases.length === 0) continue;
    count += cases.length;
    await withPeers(corpus, async (theirs, ours) => {
      if (corpus.comparesStart) for (const line of theirs.startLines) startLines.add(line);
      if (records) for (const each of cases) recorded[each.name] = await theirs.run(each);
      else failures += await compare(theirs, await ours(), corpus, cases);
    });
  }
  if (records) {
    write(file, {
      envoy: envoyVersion(),
      startLines: [...startLines].sort(),
      cases: recorded,
    });
    console.log(`${count} cases recorded`);
    return;
  }
  console.log(`${count} cases, ${failures} unexplained`);
  process.exitCode = failures > 0 || count === 0 ? 1 : 0;
}

async function withPeers<C extends TrafficCase>(
  corpus: Corpus<C>,
  use: (envoy: Peer<C>, sluice: () => Promise<Peer<C>>) => Promise<void>,
): Promise<void> {
  const cleanups: (() => unknown)[] = [];
  const cleanup: Cleanup = { after: (end) => void cleanups.push(end) };
  try {
    const servers = await Servers.start();
    cleanup.after(() => servers[Symbol.asyncDispose]());
    const envoy = await Peer.start(cleanup, corpus, servers, {
      program: envoyCommand(),
      isEnvoy: true,
    });
    await use(envoy, () => Peer.start(cleanup, corpus, servers, { program: otherSluice() }));
  } finally {
    for (const end of cleanups.reverse()) await end();
  }
}

/** `$SLUICE` is the `sluice.js` of another checkout. */
function otherSluice(): string[] | undefined {
  const file = process.env["SLUICE"];
  return file === undefined ? undefined : [process.execPath, file];
}

async function compare<C extends TrafficCase>(
  envoy: Peer<C>,
  sluice: Peer<C>,
  { comparesStart }: Corpus<C>,
  cases: readonly C[],
): Promise<number> {
  let failures = 0;
  if (comparesStart && JSON.stringify(envoy.startLines) !== JSON.stringify(sluice.startLines)) {
    failures += 1;
    console.log("the lines of the start differ");
    reportOne("start", envoy.startLines, sluice.startLines);
  }
  for (const each of cases) {
    const [theirs, ours] = [await envoy.run(each), await sluice.run(each)];
    const same = JSON.stringify(theirs) === JSON.stringify(ours);
    if (same === (each.differs === undefined)) continue;
    failures += 1;
    console.log(`${each.name}: ${same ? "no longer differs" : "differs"}`);
    if (!same) report(theirs, ours);
  }
  return failures;
}

function report(theirs: Seen, ours: Seen): void {
  for (const part of ["client", "servers", "log"] as const) {
    const length = Math.max(theirs[part].length, ours[part].length);
    for (let i = 0; i < length; i += 1) reportOne(`${part} ${i}`, theirs[part][i], ours[part][i]);
  }
  reportOne("stats", theirs.stats, ours.stats);
}

function reportOne(what: string, theirs: unknown, ours: unknown): void {
  const [a, b] = [JSON.stringify(theirs), JSON.stringify(ours)];
  if (a !== b) console.log(`  ${what}\n    envoy  ${a}\n    sluice ${b}`);
}

function write(file: string, recording: Recording): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(recording, undefined, 1)}\n`);
}

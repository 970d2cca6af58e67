// Runs the load scenarios and prints their figures as ratios of one run.
//   npm run bench                     all of them
//   npm run bench -- get guests       some of them
//   npm run bench -- --seconds 10     longer runs
import { which } from "./lib/child.ts";
import { startUpstream } from "./lib/proxies.ts";
import { Report } from "./lib/report.ts";
import { benchBodies, benchStalledReader } from "./scenario/bodies.ts";
import { benchGet } from "./scenario/get.ts";
import { benchGrpc } from "./scenario/grpc.ts";
import { benchBodyCopies, benchGuests, benchSdkOverhead } from "./scenario/guests.ts";
import { benchHttp2 } from "./scenario/http2.ts";
import { benchIdle } from "./scenario/idle.ts";
import { benchStartup } from "./scenario/startup.ts";
import { benchSwaps } from "./scenario/swaps.ts";
import { benchTls } from "./scenario/tls.ts";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: "string", default: "5" } },
});
const seconds = Number(values.seconds);
const report = new Report();
const scenarios: Record<string, () => Promise<void>> = {
  get: () => withUpstream(() => benchGet(report, seconds)),
  http2: () => withUpstream(() => benchHttp2(report, seconds)),
  tls: () => withUpstream(() => benchTls(report, seconds)),
  grpc: () => withUpstream(() => benchGrpc(report, seconds)),
  guests: () =>
    withUpstream(async () => {
      benchBodyCopies(report);
      benchSdkOverhead(report);
      await benchGuests(report, seconds);
    }),
  idle: () => withUpstream(() => benchIdle(report)),
  swaps: () => withUpstream(() => benchSwaps(report)),
  bodies: () => withUpstream(() => benchBodies(report, seconds)),
  stalled: () => benchStalledReader(report),
  startup: () => benchStartup(report),
};

for (const tool of ["wrk", "taskset"]) {
  if (which(tool) !== undefined) continue;
  console.error(`The bench needs ${tool} on PATH (Debian: apt-get install wrk util-linux).`);
  process.exit(1);
}
const wanted = positionals.length > 0 ? positionals : Object.keys(scenarios);
for (const name of wanted) {
  const scenario = scenarios[name];
  if (scenario === undefined) {
    console.error(`unknown scenario ${name}; there are ${Object.keys(scenarios).join(", ")}`);
    process.exit(2);
  }
  report.section(name);
  await scenario();
}
process.exit(report.exitCode);

async function withUpstream(scenario: () => Promise<void>): Promise<void> {
  const upstream = await startUpstream();
  try {
    await scenario();
  } finally {
    await upstream.stop();
  }
}

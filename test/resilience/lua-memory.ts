// Sends a million requests (or as many as the argument says) through a script that uses each object of its handle, and
// fails when the memory of its states or of the process has grown by more than 5 % since the first fifth, by when V8 has
// made its young generation as large as it lets it become:
//
//   node -C sluice-source test/resilience/lua-memory.ts [requests]
import { endurancePortion, LuaEndurance } from "../support/lua-endurance.ts";

const requests = Number(process.argv[2] ?? 1_000_000);
const tenth = Math.ceil(requests / 10 / endurancePortion) * endurancePortion;
const cleanups: (() => unknown)[] = [];
const megabytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MB`;

try {
  const endurance = await LuaEndurance.start({ after: (end) => void cleanups.push(end) });
  await endurance.ask(2 * tenth);
  const warm = await endurance.measure();
  let last = warm;
  for (let part = 2; part < 10; part += 1) {
    await endurance.ask(tenth);
    last = await endurance.measure();
    console.log(
      `${(part + 1) * tenth} requests: script ${megabytes(last.luaBytes)}, process ${megabytes(last.processBytes)}`,
    );
  }
  const grown = Math.max(last.luaBytes / warm.luaBytes, last.processBytes / warm.processBytes);
  console.log(
    `${((grown - 1) * 100).toFixed(1)} % more than after the first ${2 * tenth} requests`,
  );
  if (grown > 1.05) process.exitCode = 1;
} finally {
  for (const end of cleanups.reverse()) await end();
}

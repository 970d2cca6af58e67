import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

// For recording only: tests do not need Envoy.

const command = process.env["ENVOY"] ?? "envoy";

/** The version of the Envoy on the PATH, or at $ENVOY: `1.40.0`. */
export function envoyVersion(): string {
  const printed = spawnSync(command, ["--version"]).stdout.toString();
  return /version: [0-9a-f]+\/(\d+\.\d+\.\d+)\//.exec(printed)![1]!;
}

/** A port that nobody used a moment ago. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  return port;
}

/** An Envoy that listens on `port`; what it prints on stdout goes to `onOutput`. */
export async function startEnvoy(
  bootstrap: object,
  port: number,
  onOutput: (text: string) => void = () => undefined,
): Promise<ChildProcess> {
  const file = path.join(mkdtempSync(path.join(tmpdir(), "golden-")), "envoy.json");
  writeFileSync(file, JSON.stringify(bootstrap));
  const quiet = ["--disable-hot-restart", "-l", "error", "--file-flush-interval-msec", "10"];
  const child = spawn(command, ["-c", file, "--concurrency", "1", ...quiet], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  child.stdout.on("data", (chunk: Buffer) => onOutput(chunk.toString("latin1")));
  for (let tries = 0; tries < 100; tries += 1) {
    if (await accepts(port)) return child;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill("SIGKILL");
  throw new Error("Envoy does not listen");
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

// Takes secrets from a control plane made of go-control-plane (test/conformance/go-control-plane, module versions in its
// go.mod), changes the certificate 20 times, and sends one that cannot be used:
//   node -C sluice-source test/conformance/go-control-plane.ts
// Needs Go, which may fetch modules the first time.
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/ports.ts";
import { bootstrap } from "../support/proxy-config.ts";
import { certificateFrom, grpcSource, sdsCluster, tlsListener } from "../support/secrets.ts";
import { scratchFolder, startSluice, type Cleanup } from "../support/sluice-process.ts";
import { connectTls, tlsFile } from "../support/tls.ts";

const source = fileURLToPath(new URL("go-control-plane", import.meta.url));

/** The control plane, and what it has said. */
class ControlPlane {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;

  constructor(program: string) {
    this.#child = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
    let rest = "";
    this.#child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      this.lines.push(...lines);
    });
  }

  async port(): Promise<number> {
    await eventually(() => this.lines.length > 0, "the port of the control plane");
    return Number(/^port (\d+)$/.exec(this.lines[0]!)![1]);
  }

  set(version: number, certificate: string, key: string): void {
    const files = `${tlsFile(`${certificate}-cert.pem`)} ${tlsFile(`${key}-key.pem`)}`;
    this.#child.stdin!.write(`set ${version} ${files}\n`);
  }

  says(pattern: RegExp): Promise<void> {
    return eventually(() => this.lines.some((line) => pattern.test(line)), String(pattern));
  }

  stop(): void {
    this.#child.kill();
  }
}

async function presented(port: number): Promise<string> {
  const socket = await connectTls(port, { checkServerIdentity: () => undefined });
  const name = String(socket.getPeerCertificate().subject.CN);
  socket.destroy();
  return name;
}

async function run(cleanup: Cleanup): Promise<void> {
  const program = path.join(scratchFolder(cleanup), "control-plane");
  const built = spawnSync("go", ["build", "-o", program, "."], { cwd: source, stdio: "inherit" });
  if (built.error !== undefined) {
    console.log(`skipped: Go is not here (${built.error.message})`);
    return;
  }
  assert.equal(built.status, 0, "the control plane is built");
  const plane = new ControlPlane(program);
  cleanup.after(() => plane.stop());
  plane.set(1, "server", "server");
  const port = await freePort();
  const listener = tlsListener("main", port, certificateFrom("server", grpcSource()));
  const config = bootstrap([listener], [sdsCluster(await plane.port())]);
  await startSluice(cleanup, { config, args: ["--concurrency", "2"] });
  await plane.says(/^ack 1$/);
  assert.equal(await presented(port), "server");
  for (let version = 2; version <= 21; version += 1) {
    const certificate = version % 2 === 0 ? "wildcard" : "server";
    plane.set(version, certificate, certificate);
    await plane.says(new RegExp(`^ack ${version}$`));
    assert.equal(await presented(port), certificate);
  }
  plane.set(22, "wildcard", "server");
  await plane.says(/^nack 21 .*is not the key of the certificate/);
  assert.equal(await presented(port), "server");
  plane.set(23, "wildcard", "wildcard");
  await plane.says(/^ack 23$/);
  assert.equal(await presented(port), "wildcard");
  console.log("passed: 22 versions were taken, and one was refused");
}

const cleanups: (() => void | Promise<void>)[] = [];
try {
  await run({ after: (callback) => void cleanups.push(callback) });
} finally {
  for (const callback of cleanups.reverse()) await callback();
}

import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { ExitCode } from "../../common/exit-code.ts";
import { packageFolder } from "../../common/package-folder.ts";

/** What happens in the proxy. */
export interface ProxyEvents {
  /** It serves. Called once. */
  readonly onReady: () => void;
  /** A line of the log. */
  readonly onLine: (line: string) => void;
}

/** The proxy as its own command, which ends with this process. */
export function startProxy(args: readonly string[], events: ProxyEvents): ChildProcess {
  const command = path.join(packageFolder(import.meta.url), "bin/sluice.js");
  const proxy = spawn(process.execPath, [command, ...args], {
    stdio: ["ignore", "inherit", "pipe"],
  });
  let ready = false;
  createInterface(proxy.stderr).on("line", (line) => {
    events.onLine(line);
    if (ready || !line.endsWith("all dependencies initialized. starting workers")) return;
    ready = true;
    events.onReady();
  });
  // When the terminal has gone (SIGHUP), the proxy by itself would stay.
  const ends = { SIGINT: "SIGINT", SIGTERM: "SIGTERM", SIGHUP: "SIGTERM" } as const;
  for (const [signal, end] of Object.entries(ends)) {
    const handler = (): boolean => proxy.kill(end);
    process.on(signal, handler);
    proxy.once("close", () => process.off(signal, handler));
  }
  return proxy;
}

/** Resolves to the proxy's exit code. */
export function untilExit(proxy: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    proxy.on("error", (error) => {
      console.error(`cannot start the proxy: ${error.message}`);
      resolve(ExitCode.runTime);
    });
    // By then all of its log has been read.
    proxy.on("close", (code) => resolve(code ?? ExitCode.runTime));
  });
}

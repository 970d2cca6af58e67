#!/usr/bin/env node
// The command. Plain JavaScript in the syntax of old releases, since it must start on any node to say so.
import fs from "fs";
import module from "module";
import os from "os";
import path from "path";
import { spawn } from "child_process";
import { fileURLToPath, pathToFileURL } from "url";

const oldestNode = 24;
const script = fileURLToPath(import.meta.url);
const require = module.createRequire(import.meta.url);

if (Number(process.versions.node.split(".")[0]) >= oldestNode) run();
else runOnPackagedNode();

function run() {
  delete process.env.SLUICE_REEXEC;
  const cache = compileCache();
  if (cache !== undefined) {
    module.enableCompileCache(cache);
    // For the processes and threads that are started from here.
    process.env.NODE_COMPILE_CACHE = cache;
  }
  const host = path.dirname(path.dirname(script));
  const source = path.join(host, "src", "cli", "main.ts");
  const entry = fs.existsSync(source) ? source : path.join(host, "dist", "cli", "main.js");
  import(pathToFileURL(entry).href)
    .then(({ main }) => main(process.argv.slice(2)))
    .then((exitCode) => process.exit(exitCode))
    .catch((error) => {
      console.error(error);
      process.exit(1);
    });
}

// Compiled code is trusted, so it must not lie where others may write, as Node's default under /tmp does.
function compileCache() {
  if (process.env.NODE_DISABLE_COMPILE_CACHE !== undefined) return undefined;
  if (process.env.NODE_COMPILE_CACHE) return process.env.NODE_COMPILE_CACHE;
  const home = process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache");
  return path.isAbsolute(home) ? path.join(home, "sluice", "compile") : undefined;
}

function runOnPackagedNode() {
  const node = packagedNode();
  if (node === undefined || process.env.SLUICE_REEXEC !== undefined) {
    console.error(
      `sluice needs Node.js ${oldestNode} or newer, this is ${process.version}; install a newer one, or the npm package "node" beside sluice`,
    );
    process.exit(1);
  }
  const args = [script, ...process.argv.slice(2)];
  becomeProcess(node, args);
  const child = spawn(node, args, { stdio: "inherit", env: environment() });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2"]) {
    process.on(signal, () => child.kill(signal));
  }
  child.on("error", (error) => {
    console.error(`sluice cannot run ${node}: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

// The one that the npm package "node" carries, when it is installed beside this package or around the workspace.
function packagedNode() {
  try {
    const node = path.join(path.dirname(require.resolve("node/package.json")), "bin", "node");
    return fs.existsSync(node) ? node : undefined;
  } catch {
    return undefined;
  }
}

function environment() {
  // Should that node be an old one too, it must not look for another.
  return Object.assign({}, process.env, { SLUICE_REEXEC: "1" });
}

// Replaces this process by `node`, so that signals and the process id are its own. Returns where that cannot be
// done (no koffi for this platform).
function becomeProcess(node, args) {
  try {
    const koffi = require("koffi");
    const libc = koffi.load(null);
    const fcntl = libc.func("int fcntl(int fd, int command, ...)");
    const execve = libc.func("int execve(const char *path, const char **argv, const char **envp)");
    // Node has marked them to be closed.
    const setFlags = 2;
    for (const fd of [0, 1, 2]) fcntl(fd, setFlags, "int", 0);
    const env = Object.entries(environment()).map(([name, value]) => `${name}=${value}`);
    execve(node, [node, ...args, null], [...env, null]);
  } catch {
    return;
  }
}

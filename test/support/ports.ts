import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

const first = 22_000;
const count = 4000;
const folder = path.join(tmpdir(), "sluice-test-ports");
const claimed: string[] = [];
process.once("exit", () => {
  for (const file of claimed) rmSync(file, { force: true });
});

/**
 * A port on the loopback that nobody listens on, and that no other test is given while this process runs. It is
 * outside the range from which the kernel takes ports for clients, so that it is still free when the program under
 * test binds it.
 */
export async function freePort(): Promise<number> {
  mkdirSync(folder, { recursive: true });
  for (;;) {
    const port = first + Math.floor(Math.random() * count);
    if (claim(path.join(folder, String(port))) && (await canListen(port))) return port;
  }
}

/** True when the file was made by this process; what a process left that has ended is taken away. */
function claim(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
    claimed.push(file);
    return true;
  } catch {
    if (!isOwned(file)) rmSync(file, { force: true });
    return false;
  }
}

function isOwned(file: string): boolean {
  try {
    const owner = Number(readFileSync(file, "utf8"));
    // Empty: it is being written.
    return owner === 0 || process.kill(owner, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function canListen(port: number): Promise<boolean> {
  const server = net.createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

/** Whether somebody listens there. */
export async function canConnect(port: number): Promise<boolean> {
  const socket = net.connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Waits until somebody listens there: Envoy says that it starts its workers before they listen. */
export async function untilListening(port: number): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await canConnect(port))) {
    if (performance.now() > deadline) throw new Error(`nobody listens on port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

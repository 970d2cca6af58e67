// Loaded into each test file's process: a file that keeps something open after its last test (a server that a failed
// test did not reach the end of) would never end. It fails, and names what is open.
import { isMainThread } from "node:worker_threads";

const graceMs = 20_000;

if (isMainThread) {
  const { after } = await import("node:test");
  after(() => {
    setTimeout(() => {
      const open = process.getActiveResourcesInfo().join(", ");
      console.error(`still open ${graceMs / 1000} s after the last test: ${open}`);
      process.exit(1);
    }, graceMs).unref();
  });
}

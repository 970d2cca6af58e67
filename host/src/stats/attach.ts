import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { StatAnnouncement } from "./announcement.ts";
import type { StatsStore } from "./stats-store.ts";
import { ThreadStats } from "./thread-stats.ts";

/** The stats of a worker, announced through `port`. Call on the worker. */
export function createWorkerStats(port: MessagePort): ThreadStats {
  return new ThreadStats((batch) => port.postMessage(batch));
}

/**
 * Takes the announcements of a worker from the other end of its port. Call on the main thread; when the worker
 * has ended, call the result: that keeps its counts and drops its gauges, and closes the port.
 */
export function attachWorkerStats(store: StatsStore, port: MessagePort): () => void {
  const source = store.addThread();
  const apply = (batch: readonly StatAnnouncement[]): void => source.apply(batch);
  port.on("message", apply);
  // Listening would keep the process alive.
  port.unref();
  let attached = true;
  return () => {
    if (!attached) return;
    attached = false;
    port.off("message", apply);
    // What the worker announced last may still wait here.
    for (;;) {
      const waiting = receiveMessageOnPort(port);
      if (waiting === undefined) break;
      apply(waiting.message as readonly StatAnnouncement[]);
    }
    port.close();
    source.remove();
  };
}

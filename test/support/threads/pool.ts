import { once } from "node:events";
import net from "node:net";
import type { TestContext } from "node:test";
import { MessageChannel } from "node:worker_threads";
import type { ExtensionConfigUpdate, SnapshotUpdate } from "../../../host/src/snapshot/update.ts";
import type { ClusterConfig, LocalInfo } from "../../../host/src/contracts/config/snapshot.ts";
import type { Logger } from "../../../host/src/contracts/log.ts";
import { duplicate } from "../../../host/src/common/libc.ts";
import {
  WorkerPool,
  type WorkerAttachments,
  type WorkerHooks,
  type WorkerPoolLimits,
} from "../../../host/src/server/worker-pool.ts";
import { createGuestShared } from "../../../host/src/guest/shared/shared-state.ts";
import { noGuestLimits } from "../guest-limits.ts";
import type { FakeExtension } from "./fake-runtime.ts";

const localInfo: LocalInfo = {
  nodeId: "n",
  clusterName: "c",
  zone: "",
  nodeMetadata: {},
  address: "127.0.0.1",
  version: "test",
};

const constants = {
  localInfo,
  guestLimits: noGuestLimits,
  companions: { services: [], statsSinks: [], adminLogs: [] },
};

const fakeRuntimeUrl = new URL("./fake-runtime.ts", import.meta.url).href;

/** An update that sets one extension's version; `config` makes workers misbehave. */
export function push(
  snapshot: number,
  version: string,
  config: FakeExtension = {},
): SnapshotUpdate {
  const extension = { name: "fake", typeUrl: "fake", config };
  return emptyUpdate(snapshot, [{ key: "filter", version, extension }]);
}

export function emptyUpdate(
  snapshot: number,
  extensionConfigs: readonly ExtensionConfigUpdate[] = [],
  clusters: readonly ClusterConfig[] = [],
): SnapshotUpdate {
  return {
    snapshot,
    clusters,
    removedClusters: [],
    listeners: [],
    removedListeners: [],
    secrets: [],
    routes: [],
    extensionConfigs,
  };
}

/** What belongs to one worker, and is not used by it. */
export function fakeAttachments(): WorkerAttachments {
  const { port1, port2 } = new MessageChannel();
  port1.close();
  return {
    guestShared: createGuestShared(),
    guestEpoch: new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }),
    stats: port2,
    log: { levels: new SharedArrayBuffer(1), path: undefined },
    transfer: [port2],
  };
}

/** A pool of fake workers in this process. */
export class TestPool {
  readonly pool: WorkerPool;
  /** Log lines, in order. */
  readonly lines: string[] = [];
  readonly fatal: string[] = [];
  /** `born 0`, `started 0`, `gone 0`, in order. */
  readonly life: string[] = [];
  port = 0;
  /** Tells the fake runtime what to do. */
  logPath: string | undefined;
  #onEvent: (() => void) | undefined;

  constructor(t: TestContext, concurrency: number, limits: Partial<WorkerPoolLimits> = {}) {
    this.pool = new WorkerPool({
      concurrency,
      log: this.#logger(),
      onFatal: (text) => this.#note(this.fatal, text),
      runtimeUrl: fakeRuntimeUrl,
      limits,
    });
    t.after(() => this.pool.shutDown(0));
  }

  readonly hooks: WorkerHooks = {
    onWorkerBorn: (index) => {
      this.#note(this.life, `born ${index}`);
      return {
        ...fakeAttachments(),
        log: { levels: new SharedArrayBuffer(1), path: this.logPath },
      };
    },
    onWorkerStarted: (index) => this.#note(this.life, `started ${index}`),
    onWorkerGone: (index) => this.#note(this.life, `gone ${index}`),
  };

  /** Boots, starts and lets all workers accept on one port. */
  async serve(first: FakeExtension = {}): Promise<void> {
    this.pool.boot();
    const started = await this.pool.start(constants, this.hooks);
    if (!started.ok) throw new Error(started.error);
    const applied = await this.pool.apply(push(1, "v1", first));
    if (!applied.ok) throw new Error(applied.error);
    const fd = await this.#listeningSocket();
    await this.pool.listen([{ listenerName: "l", addressIndex: 0, fds: [fd] }]);
  }

  async start(): Promise<string | undefined> {
    this.pool.boot();
    const started = await this.pool.start(constants, this.hooks);
    return started.ok ? undefined : started.error;
  }

  /** Waits until `condition` holds; it is looked at whenever something is logged or noted. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#onEvent = resolve;
      });
    }
  }

  #note(list: string[], text: string): void {
    list.push(text);
    this.#onEvent?.();
  }

  // Node listens; a duplicate of its socket lives on when Node closes its own.
  async #listeningSocket(): Promise<number> {
    const server = net.createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    this.port = (server.address() as net.AddressInfo).port;
    const { _handle: handle } = server as unknown as { _handle: { fd: number } };
    const fd = duplicate(handle.fd);
    server.close();
    return fd;
  }

  #logger(): Logger {
    const log = (level: string) => (text: string) => this.#note(this.lines, `${level} ${text}`);
    return {
      component: "main",
      enabled: () => true,
      log: (level, text) => this.#note(this.lines, `${level} ${text}`),
      trace: log("trace"),
      debug: log("debug"),
      info: log("info"),
      warning: log("warning"),
      error: log("error"),
      critical: log("critical"),
    };
  }
}

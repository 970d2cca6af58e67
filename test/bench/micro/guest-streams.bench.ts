// CPU of whole streams through connection manager, HTTP/1 codec and filter chain, without sockets, and what a guest that
// reads one header and adds one adds to it. Kernel and network, which vary by a microsecond from run to run, have no part.
//   node -C sluice-source test/bench/micro/guest-streams.bench.ts
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { OwnedBuffer } from "../../../host/src/common/data-buffer.ts";
import { headerMapOf } from "../../../host/src/common/headers/header-map.ts";
import { ThreadDispatcher } from "../../../host/src/common/time/dispatcher.ts";
import type { DataBuffer } from "../../../host/src/contracts/buffer.ts";
import {
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  type HttpFilterInstances,
  type StreamDecoderFilter,
  type StreamDecoderFilterCallbacks,
} from "../../../host/src/contracts/http/filter.ts";
import type { HeldBack } from "../../../host/src/contracts/network/connection.ts";
import type { ReadFilterCallbacks } from "../../../host/src/contracts/network/filter.ts";
import {
  LuaFilter,
  type LuaFilterShared,
} from "../../../host/src/extensions/http-filters/lua/lua-filter.ts";
import { PluginInstances } from "../../../host/src/extensions/http-filters/wasm/plugin-instances.ts";
import { ScriptStats } from "../../../host/src/guest/lua/script-stats.ts";
import {
  createGuestShared,
  GuestSharedState,
} from "../../../host/src/guest/shared/shared-state.ts";
import { createHttp2CodecStats } from "../../../host/src/http/codec/http2/stats.ts";
import { ConnectionManager } from "../../../host/src/http/connection-manager/connection-manager.ts";
import { SharedState } from "../../../host/src/http/connection-manager/connection-manager-options.ts";
import { createCodec } from "../../../host/src/http/connection-manager/create-codec.ts";
import { ConnectionManagerStats } from "../../../host/src/http/connection-manager/stats.ts";
import { FilterChain } from "../../../host/src/http/filter-manager/filter-chain.ts";
import { StatsStore } from "../../../host/src/stats/stats-store.ts";
import { dataPlaneFlags } from "../../../host/src/supervisor/data-plane-flags.ts";
import { routeWith } from "../../support/filter-harness.ts";
import { defaultHcmConfig } from "../../support/hcm-server.ts";
import { LuaHost } from "../../support/lua.ts";
import { MemoryConnection } from "../../support/memory-connection.ts";
import { WasmHost } from "../../support/wasm.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const modules: Readonly<Record<string, string>> = {
  AssemblyScript: "sample-filters/hello/build/hello.wasm",
  Rust: "test/fixtures/wasm/header/rust/header.wasm",
  Go: "test/fixtures/wasm/header/go/header.wasm",
};
const script = `function envoy_on_request(handle)
  local agent = handle:headers():get("host")
  handle:headers():add("x-bench", agent or "none")
end`;

const connections = 64;
const batch = 20_000;
const warmUps = 25;
const rounds = 40;
/** Processes of each case, in turns: their best counts. */
const turns = 3;

const stats = new StatsStore().main;
const request = Buffer.from("GET / HTTP/1.1\r\nHost: 127.0.0.1:18101\r\n\r\n", "latin1");

/** Stands where the router stands, and answers at once. */
class Answer implements StreamDecoderFilter {
  #callbacks!: StreamDecoderFilterCallbacks;

  setDecoderFilterCallbacks(callbacks: StreamDecoderFilterCallbacks): void {
    this.#callbacks = callbacks;
  }

  decodeHeaders(): FilterHeadersStatus {
    const headers = headerMapOf([
      [":status", "200"],
      ["content-type", "text/plain"],
      ["content-length", "12"],
    ]);
    this.#callbacks.encodeHeaders(headers, false, "via_upstream");
    this.#callbacks.encodeData(OwnedBuffer.latin1("hello world\n"), true);
    return FilterHeadersStatus.StopIteration;
  }

  decodeData(): FilterDataStatus {
    return FilterDataStatus.StopIterationNoBuffer;
  }

  decodeTrailers(): FilterTrailersStatus {
    return FilterTrailersStatus.StopIteration;
  }

  onDestroy(): void {}
}

/** A connection that drops what is written. */
class Sink extends MemoryConnection {
  writtenBytes = 0;
  #held: HeldBack | undefined = undefined;

  override writeLatin1(text: string): void {
    this.writtenBytes += text.length;
  }

  override write(data: DataBuffer): void {
    this.writtenBytes += data.length;
    data.drain(data.length);
  }

  override holdBack(source: HeldBack): void {
    this.#held = source;
  }

  endOfTurn(): void {
    const held = this.#held;
    this.#held = undefined;
    held?.writeHeldBack();
  }
}

async function guestInstances(guest: string): Promise<HttpFilterInstances | undefined> {
  if (guest === "none") return undefined;
  if (guest === "Lua") return luaInstances();
  const host = new WasmHost();
  host.logger.lowest = "error";
  return new PluginInstances(
    await host.start(
      readFileSync(modules[guest] === undefined ? guest : path.join(root, modules[guest])),
    ),
  );
}

function luaInstances(): HttpFilterInstances {
  const host = new LuaHost();
  const states = { current: host.load(script), admits: () => true };
  const choice = { states, filterContext: {}, scriptName: "default" };
  const shared: LuaFilterShared = {
    scripts: {
      choose: (callbacks) => {
        if (callbacks.mostSpecificPerFilterConfig() !== undefined) throw new Error("no such route");
        return choice;
      },
    },
    clusterManager: { getThreadLocalCluster: () => undefined },
    clearRouteCache: true,
    logger: host.environment.logger,
    filterName: "lua",
    watched: undefined,
    errors: undefined,
    stats: { errors: stats.counter("errors"), executions: stats.counter("executions") },
    scriptStats: new ScriptStats("lua.", new GuestSharedState(createGuestShared()).metrics, stats),
  };
  return { createFilters: (callbacks) => callbacks.addStreamFilter(new LuaFilter(shared)) };
}

function sharedState(guest: HttpFilterInstances | undefined): SharedState {
  const answer: HttpFilterInstances = {
    createFilters: (callbacks) => callbacks.addStreamDecoderFilter(new Answer()),
  };
  const entry = (name: string, instances: HttpFilterInstances) => ({
    name,
    instances,
    disabled: false,
    provider: undefined,
  });
  const entries = guest === undefined ? [] : [entry("guest", guest)];
  const route = routeWith({});
  const codecStats = {
    http1: {
      droppedHeadersWithUnderscores: stats.counter("dropped"),
      requestsRejectedWithUnderscoresInHeaders: stats.counter("rejected"),
      metadataNotSupportedError: stats.counter("metadata"),
      responseFlood: stats.counter("flood"),
    },
    http2: () => createHttp2CodecStats(stats.scope("http2")),
  };
  return new SharedState({
    config: defaultHcmConfig,
    createCodec: (connection, data, callbacks) =>
      createCodec(connection, data, callbacks, defaultHcmConfig, codecStats),
    routeTable: { name: "routes", internalOnlyHeaders: [], route: () => route },
    filterChain: new FilterChain([...entries, entry("answer", answer)]),
    accessLogs: [],
    stats: new ConnectionManagerStats(stats.scope("http.p"), stats.scope("listener.l")),
    dispatcher: new ThreadDispatcher("worker_0"),
    localInfo: {
      nodeId: "node-1",
      clusterName: "cluster-1",
      zone: "",
      nodeMetadata: {},
      address: "192.0.2.2",
      version: "",
    },
  });
}

/** CPU microseconds of a stream in this process. */
async function measure(guest: string): Promise<number> {
  const shared = sharedState(await guestInstances(guest));
  const clients = Array.from({ length: connections }, () => {
    const connection = new Sink();
    const manager = new ConnectionManager(shared);
    manager.initializeReadFilterCallbacks({ connection } as unknown as ReadFilterCallbacks);
    return { connection, manager };
  });
  const data = new OwnedBuffer();
  const streams = (): void => {
    for (let i = 0; i < batch; i += 1) {
      const { connection, manager } = clients[i % connections]!;
      data.append(Buffer.from(request));
      manager.onData(data);
      connection.endOfTurn();
    }
  };
  let best = Infinity;
  for (let round = -warmUps; round < rounds; round += 1) {
    const before = process.cpuUsage();
    streams();
    const { user, system } = process.cpuUsage(before);
    if (round >= 0) best = Math.min(best, (user + system) / batch);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (clients[0]!.connection.writtenBytes === 0) throw new Error("nothing was answered");
  return best;
}

const own = process.argv[2];
if (own !== undefined) {
  console.log(await measure(own));
} else {
  const best = new Map<string, number>();
  const built = Object.keys(modules).filter((name) => existsSync(path.join(root, modules[name]!)));
  for (let turn = 0; turn < turns; turn += 1) {
    for (const guest of ["none", ...built, "Lua"]) {
      const args = [...dataPlaneFlags(), import.meta.filename, guest];
      const { stdout, stderr } = spawnSync(process.execPath, args);
      const took = Number(stdout.toString());
      if (!(took > 0)) throw new Error(`${guest}: ${stderr.toString()}`);
      best.set(guest, Math.min(best.get(guest) ?? Infinity, took));
    }
  }
  const none = best.get("none")!;
  console.log(`a stream without a guest: ${none.toFixed(2)} us CPU`);
  for (const [guest, took] of best) {
    if (guest !== "none") console.log(`${guest} adds ${(took - none).toFixed(2)} us`);
  }
}

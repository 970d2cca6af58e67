import assert from "node:assert/strict";
import { headerMapOf } from "../../host/src/common/headers/header-map.ts";
import { OwnedBuffer } from "../../host/src/common/data-buffer.ts";
import type { LuaOptions } from "../../host/src/contracts/config/guests.ts";
import type { DataBuffer } from "../../host/src/contracts/buffer.ts";
import { ipAddress } from "../../host/src/common/address.ts";
import { StreamInfoImpl } from "../../host/src/common/stream-info.ts";
import type { StreamFilterCallbacks } from "../../host/src/contracts/http/filter.ts";
import type { Route } from "../../host/src/contracts/router/route.ts";
import type { StreamInfo } from "../../host/src/contracts/stream-info.ts";
import type {
  AsyncClient,
  AsyncClientCall,
  AsyncClientCallbacks,
  AsyncClientRequest,
} from "../../host/src/contracts/upstream/async-client.ts";
import type { Struct } from "../../host/src/guest/lua/api/values.ts";
import type { StatsScope } from "../../host/src/contracts/stats.ts";
import type { HeaderMap } from "../../host/src/contracts/headers.ts";
import type { SslConnectionInfo } from "../../host/src/contracts/network/connection.ts";
import type { Logger } from "../../host/src/contracts/log.ts";
import type { LimitedModule } from "../../host/src/guest/limits/instance.ts";
import { StateQuota } from "../../host/src/guest/lua/engine/state-quota.ts";
import { luaOptionsDefault } from "../../host/src/guest/lua/options.ts";
import { loadLuaModule } from "../../host/src/guest/lua/lua-module.ts";
import { RequestTable } from "../../host/src/guest/lua/request-table.ts";
import { ScriptStats } from "../../host/src/guest/lua/script-stats.ts";
import { createGuestShared, GuestSharedState } from "../../host/src/guest/shared/shared-state.ts";
import { LuaScript } from "../../host/src/guest/lua/lua-script.ts";
import type { LuaScriptEnvironment } from "../../host/src/guest/lua/script-config.ts";
import { StreamHandle } from "../../host/src/guest/lua/stream-handle.ts";
import type { StreamSide } from "../../host/src/guest/lua/stream-side.ts";
import { SimulatedDispatcher } from "./simulated-dispatcher.ts";
import { ownBudget } from "./guarded.ts";

/** Memory cap of the scripts in tests. */
const memoryBytes = 32 * 1_048_576;
/** By dialect, and whether instructions are counted. */
const engines = new Map<string, LimitedModule>();

/** A thread's part of what a script needs; its log lines are collected. */
export class LuaHost {
  readonly lines: string[] = [];
  readonly environment: LuaScriptEnvironment;
  /** Source texts that scripts get by `require`. */
  modules: { readonly [name: string]: string } = {};

  constructor(quota = new StateQuota()) {
    const log = (level: string, text: string): void => void this.lines.push(`${level} ${text}`);
    const logger: Logger = {
      component: "lua",
      enabled: () => true,
      log,
      trace: (text) => log("trace", text),
      debug: (text) => log("debug", text),
      info: (text) => log("info", text),
      warning: (text) => log("warning", text),
      error: (text) => log("error", text),
      critical: (text) => log("critical", text),
    };
    const shared = new GuestSharedState(createGuestShared()).expiring;
    this.environment = { ...ownBudget(), logger, quota, shared: { data: shared, namespace: "n" } };
  }

  load(source: string | Buffer, some: Partial<LuaOptions> = {}): LuaScript {
    const options = { ...luaOptionsDefault, ...some };
    const key = `${options.dialect} ${options.countInstructions}`;
    let engine = engines.get(key);
    if (engine === undefined) {
      const module = loadLuaModule(memoryBytes, options.dialect, options.countInstructions);
      assert.ok(module.ok, module.ok ? "" : module.error);
      engine = module.value;
      engines.set(key, engine);
    }
    const script = new LuaScript(
      {
        engine,
        source: Buffer.from(source),
        chunk: undefined,
        name: "test",
        options,
        modules: new Map(
          Object.entries(this.modules).map(([name, text]) => [
            name,
            { source: Buffer.from(text), chunkName: `@${name}` },
          ]),
        ),
        packagePaths: [],
        sharedVmId: "",
        callbackMs: 10,
      },
      this.environment,
      1000,
    );
    script.run(1000);
    return script;
  }
}

/** What a stream is made of, as far as scripts ask for it. */
export class RecordedStream {
  readonly dispatcher = new SimulatedDispatcher();
  readonly streamInfo: StreamInfo = new StreamInfoImpl(this.dispatcher.time, {
    downstreamLocalAddress: ipAddress("127.0.0.1", 10_000),
    downstreamRemoteAddress: ipAddress("10.0.0.1", 0),
    downstreamDirectRemoteAddress: ipAddress("127.0.0.1", 50_000),
    connectionId: 1,
    filterChainName: "",
    requestedServerName: "",
  });
  connection: { streamInfo: StreamInfo; ssl: SslConnectionInfo | undefined } = {
    streamInfo: this.streamInfo,
    ssl: undefined,
  };
  requestHeaders: HeaderMap | undefined = undefined;
  matched: Pick<Route, "metadata"> | undefined = undefined;

  route(): Pick<Route, "metadata"> | undefined {
    return this.matched;
  }
}

/** Takes calls; the test ends them. */
export class RecordedClient implements AsyncClient {
  readonly requests: AsyncClientRequest[] = [];
  readonly callbacks: AsyncClientCallbacks[] = [];
  cancelled = 0;
  /** Answer within `send`. */
  answersAtOnce = false;

  start(): never {
    throw new Error("scripts open no streams");
  }

  send(request: AsyncClientRequest, callbacks: AsyncClientCallbacks): AsyncClientCall | undefined {
    this.requests.push(request);
    this.callbacks.push(callbacks);
    if (!this.answersAtOnce) return { cancel: () => void (this.cancelled += 1) };
    this.answer([[":status", "503"]], "at once");
    return undefined;
  }

  /** Ends the latest call. */
  answer(headers: Iterable<readonly [string, string]>, body: string): void {
    this.callbacks.at(-1)!.onSuccess({
      headers: headerMapOf(headers),
      body: OwnedBuffer.latin1(body),
      trailers: undefined,
    });
  }
}

/** One direction of a stream, recording what the script's handle asks of the filter. */
export class RecordedSide implements StreamSide {
  readonly isRequest: boolean;
  readonly parts = new RecordedStream();
  readonly stream = this.parts as unknown as StreamFilterCallbacks;
  readonly filterName = "test";
  /** Histograms by name and unit: what was recorded. */
  readonly recorded = new Map<string, number[]>();
  readonly requestTable: RequestTable;
  readonly stats = new ScriptStats(
    "lua.",
    new GuestSharedState(createGuestShared()).metrics,
    this.#histograms() as StatsScope,
  );
  filterContext: Struct = {};
  routeDrops = 0;
  /** Of the cluster `known`. */
  readonly client = new RecordedClient();
  continued = 0;
  readonly body = new OwnedBuffer();
  hasBody = false;
  routeCacheClears = 0;
  readonly errors: string[] = [];
  readonly tracebacks: string[] = [];
  readonly traps: string[] = [];
  reply:
    | { status: number; headers: readonly (readonly [string, string])[]; body: string }
    | undefined;

  constructor(isRequest: boolean, requestTable = new RequestTable()) {
    this.isRequest = isRequest;
    this.requestTable = requestTable;
  }

  #histograms(): Pick<StatsScope, "histogram"> {
    return {
      histogram: (name, unit) => {
        const values: number[] = [];
        this.recorded.set(`${name} ${unit}`, values);
        return { name, unit, record: (value) => void values.push(value) };
      },
    };
  }

  bufferedBody(): DataBuffer | undefined {
    return this.hasBody ? this.body : undefined;
  }

  modifyBody(change: (buffer: DataBuffer) => void): void {
    change(this.body);
  }

  addBody(data: DataBuffer): void {
    this.hasBody = true;
    this.body.move(data);
  }

  clearRouteCache(): void {
    this.routeCacheClears += 1;
  }

  dropRoute(): void {
    this.routeDrops += 1;
  }

  asyncClient(cluster: string): AsyncClient | undefined {
    return cluster === "known" ? this.client : undefined;
  }

  continueIteration(): void {
    this.continued += 1;
  }

  respond(status: number, headers: readonly (readonly [string, string])[], body: string): void {
    this.reply = { status, headers, body };
  }

  onScriptError(text: string, traceback: string): void {
    this.tracebacks.push(traceback);
    this.errors.push(text);
  }

  onTrap(reason: string): void {
    this.traps.push(reason);
  }
}

/** A stream whose request hook can be driven by hand. */
export class LuaStream {
  readonly side: RecordedSide;
  readonly headers: HeaderMap;
  readonly handle: StreamHandle;
  readonly #hook: bigint;

  constructor(
    script: LuaScript,
    headers: Iterable<readonly [string, string]>,
    options: { endStream: boolean; isRequest?: boolean; side?: RecordedSide } = {
      endStream: true,
    },
  ) {
    const isRequest = options.isRequest ?? true;
    this.side = options.side ?? new RecordedSide(isRequest);
    this.headers = headerMapOf(headers);
    this.handle = new StreamHandle(script, this.side, this.headers, options.endStream);
    const hook = isRequest ? script.requestHook : script.responseHook;
    assert.ok(hook !== undefined, "the script has the hook");
    this.#hook = hook;
  }

  start(): number {
    return this.handle.start(this.#hook);
  }

  /** Passes data as the filter manager does: what a stopping filter buffers is kept in the side. */
  data(text: string, endStream: boolean): { status: number; passed: string } {
    const chunk = OwnedBuffer.latin1(text);
    const status = this.handle.onData(chunk, endStream);
    if (status === 1) this.side.addBody(chunk);
    return { status, passed: chunk.toBuffer().latin1Slice() };
  }
}

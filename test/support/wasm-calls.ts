import assert from "node:assert/strict";
import type { SslConnectionInfo } from "../../host/src/contracts/network/connection.ts";
import type { Route } from "../../host/src/contracts/router/route.ts";
import type { GuestLimitsConfig } from "../../host/src/contracts/config/guests.ts";
import type { FilterState } from "../../host/src/contracts/stream-info.ts";
import { FilterStateImpl, StreamInfoImpl } from "../../host/src/common/stream-info.ts";
import { headerMapOf } from "../../host/src/common/headers/header-map.ts";
import type { HeaderMap } from "../../host/src/contracts/headers.ts";
import type { Context, LocalResponse } from "../../host/src/guest/wasm/proxy-wasm/context.ts";
import {
  HttpContext,
  type HttpStreamActions,
} from "../../host/src/guest/wasm/proxy-wasm/http-context.ts";
import { vmImports } from "../../host/src/guest/wasm/proxy-wasm/imports.ts";
import type { RootContext } from "../../host/src/guest/wasm/proxy-wasm/root-context.ts";
import type { WasmVm } from "../../host/src/guest/wasm/proxy-wasm/vm.ts";
import { pluginSettings, WasmHost } from "./wasm.ts";
import { guest } from "./wasm-guest.ts";

/** A stream's actions that are written down. */
export class RecordedActions implements HttpStreamActions {
  readonly journal: string[] = [];
  readonly responses: LocalResponse[] = [];
  readonly addedRequestTrailers = headerMapOf([]);
  readonly addedResponseTrailers = headerMapOf([]);
  readonly streamInfo: StreamInfoImpl;
  readonly connection: FilterState = new FilterStateImpl();

  constructor(streamInfo: StreamInfoImpl) {
    this.streamInfo = streamInfo;
  }
  continueDecoding(): void {
    this.journal.push("continueDecoding");
  }
  continueEncoding(): void {
    this.journal.push("continueEncoding");
  }
  sendLocalReply(response: LocalResponse): void {
    this.responses.push(response);
  }
  resetStream(details: string): void {
    this.journal.push(`reset ${details}`);
  }
  ssl: SslConnectionInfo | undefined = undefined;
  get route(): Route | undefined {
    return this.streamInfo.route;
  }
  get connectionState(): FilterState {
    return this.connection;
  }
  clearRouteCache(): void {
    this.journal.push("clearRouteCache");
  }
  addDecodedTrailers(): HeaderMap {
    return this.addedRequestTrailers;
  }
  addEncodedTrailers(): HeaderMap {
    return this.addedResponseTrailers;
  }
  onVmFailed(): void {
    this.journal.push("onVmFailed");
  }
}

type HostFunctions = Record<string, (...args: (number | bigint)[]) => number>;

/** Where results are written by the calls below. */
const out = 16;

/** Makes host calls as a guest would: inside a callback, with arguments in the guest's memory. */
export class GuestCalls {
  readonly host: WasmHost;
  readonly vm: WasmVm;
  readonly root: RootContext;
  readonly actions: RecordedActions;
  readonly context: HttpContext;
  readonly #functions: HostFunctions;
  #next = 256;

  static async create(
    settings = pluginSettings(),
    version = "0.2.1",
    guests?: Partial<GuestLimitsConfig>,
    code?: Uint8Array,
  ): Promise<GuestCalls> {
    const host = new WasmHost(undefined, undefined, guests);
    const { root } = await host.load(code ?? (await guest("", { version })), settings);
    host.logger.take();
    return new GuestCalls(host, root);
  }

  private constructor(host: WasmHost, root: RootContext) {
    this.host = host;
    this.root = root;
    this.vm = root.vm;
    const streamInfo = new StreamInfoImpl(host.dispatcher.time, {
      downstreamLocalAddress: { kind: "ip", ip: "127.0.0.1", port: 80, family: 4 },
      downstreamRemoteAddress: { kind: "ip", ip: "::1", port: 5555, family: 6 },
      downstreamDirectRemoteAddress: undefined,
      connectionId: 9,
      filterChainName: "",
      requestedServerName: "",
    });
    this.actions = new RecordedActions(streamInfo);
    this.context = new HttpContext(root, this.vm.takeContextId(), this.actions);
    this.vm.add(this.context);
    const { env, wasi_unstable: wasi } = vmImports(this.vm);
    this.#functions = { ...env, ...wasi } as HostFunctions;
  }

  /** Runs `body` as a callback of `context`. */
  inside<T>(body: () => T, context: Context = this.context, name = "callback"): T {
    let result: { value: T } | undefined;
    const run = (): undefined => {
      result = { value: body() };
    };
    this.vm.call1(context, { name, run }, context.id);
    if (result === undefined) throw new Error(this.vm.failure);
    return (result as { value: T }).value;
  }

  /** A host call; strings become two arguments, pointer and size. The status. */
  call(name: string, ...args: readonly (number | bigint | string)[]): number {
    const values = args.flatMap((arg) => (typeof arg === "string" ? this.put(arg) : [arg]));
    return this.#functions[name]!(...values);
  }

  /** A call whose last two parameters are where to write a result: its status and the result. */
  get(name: string, ...args: readonly (number | string)[]): [status: number, result?: string] {
    this.vm.memory.setU32(out, 0xdead);
    const status = this.call(name, ...args, out, out + 4);
    if (status !== 0) return [status];
    const { memory } = this.vm;
    return [status, memory.latin1(memory.u32(out)!, memory.u32(out + 4)!)!];
  }

  /** A call whose last parameter is where to write a number. */
  getNumber(
    name: string,
    ...args: readonly (number | string)[]
  ): [status: number, result?: number] {
    const status = this.call(name, ...args, out);
    return status === 0 ? [status, this.vm.memory.u32(out)!] : [status];
  }

  /** Puts bytes (one per character) into the memory: pointer and size. */
  put(text: string): [number, number] {
    const pointer = this.#next;
    this.#next += text.length;
    assert.ok(this.#next < 4096, "the guest's memory for arguments is full");
    this.vm.memory.writeLatin1(pointer, text);
    return [pointer, text.length];
  }
}

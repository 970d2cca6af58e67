import { type CallbackName, callbacks } from "@sluice/abi";

/** An exported function. Those without a result give undefined. */
export type GuestFunction = (
  a?: number,
  b?: number,
  c?: number,
  d?: number,
  e?: number,
) => number | undefined;

/** A callback with the name that it has in logs. */
export interface GuestCallback {
  readonly name: string;
  readonly run: GuestFunction;
}

/** Start functions: one of these shapes is run once per instance. */
export interface StartFunctions {
  readonly initialize: GuestFunction | undefined;
  readonly main: GuestFunction | undefined;
  readonly mainVoid: GuestFunction | undefined;
  readonly start: GuestFunction | undefined;
}

/**
 * What a module exports, looked up once. A callback that it does not export, or that its capabilities do not allow,
 * is undefined and never called.
 */
export class GuestExports {
  readonly malloc: GuestFunction;
  readonly startFunctions: StartFunctions;
  readonly onContextCreate: GuestCallback | undefined;
  readonly onVmStart: GuestCallback | undefined;
  readonly onConfigure: GuestCallback | undefined;
  readonly onTick: GuestCallback | undefined;
  readonly onQueueReady: GuestCallback | undefined;
  readonly onHttpCallResponse: GuestCallback | undefined;
  readonly onGrpcReceiveInitialMetadata: GuestCallback | undefined;
  readonly onGrpcReceive: GuestCallback | undefined;
  readonly onGrpcReceiveTrailingMetadata: GuestCallback | undefined;
  readonly onGrpcClose: GuestCallback | undefined;
  readonly onAccept: GuestCallback | undefined;
  readonly onFirstBytes: GuestCallback | undefined;
  readonly onNewConnection: GuestCallback | undefined;
  readonly onDownstreamData: GuestCallback | undefined;
  readonly onUpstreamData: GuestCallback | undefined;
  readonly onDownstreamConnectionClose: GuestCallback | undefined;
  readonly onUpstreamConnectionClose: GuestCallback | undefined;
  readonly onTcpConnected: GuestCallback | undefined;
  readonly onTcpData: GuestCallback | undefined;
  readonly onTcpClose: GuestCallback | undefined;
  readonly onRequestHeaders: GuestCallback | undefined;
  readonly onRequestBody: GuestCallback | undefined;
  readonly onRequestTrailers: GuestCallback | undefined;
  readonly onRequestMetadata: GuestCallback | undefined;
  readonly onResponseHeaders: GuestCallback | undefined;
  readonly onResponseBody: GuestCallback | undefined;
  readonly onResponseTrailers: GuestCallback | undefined;
  readonly onResponseMetadata: GuestCallback | undefined;
  readonly onDone: GuestCallback | undefined;
  readonly onLog: GuestCallback | undefined;
  readonly onDelete: GuestCallback | undefined;
  readonly onStatsUpdate: GuestCallback | undefined;
  readonly onResolveDns: GuestCallback | undefined;

  constructor(exports: WebAssembly.Exports, allowed: readonly string[] | undefined) {
    const get = (name: string): GuestFunction | undefined => {
      const value = exports[name];
      return typeof value === "function" ? (value as GuestFunction) : undefined;
    };
    const callback = (name: CallbackName): GuestCallback | undefined => {
      const run = get(name);
      if (run === undefined || allowed?.includes(name) === false) return undefined;
      // A missing trailing argument costs more than one too many: 0.1.0 takes one less for headers.
      return callbacks[name].params.length > run.length && run.length === 2
        ? { name, run: (a, b) => run(a, b) }
        : { name, run };
    };
    this.malloc = get("malloc") ?? get("proxy_on_memory_allocate")!;
    this.startFunctions = startFunctionsOf(get);
    this.onContextCreate = callback("proxy_on_context_create");
    this.onVmStart = callback("proxy_on_vm_start");
    this.onConfigure = callback("proxy_on_configure");
    this.onTick = callback("proxy_on_tick");
    this.onQueueReady = callback("proxy_on_queue_ready");
    this.onHttpCallResponse = callback("proxy_on_http_call_response");
    this.onGrpcReceiveInitialMetadata = callback("proxy_on_grpc_receive_initial_metadata");
    this.onGrpcReceive = callback("proxy_on_grpc_receive");
    this.onGrpcReceiveTrailingMetadata = callback("proxy_on_grpc_receive_trailing_metadata");
    this.onGrpcClose = callback("proxy_on_grpc_close");
    this.onAccept = callback("sluice_on_accept");
    this.onFirstBytes = callback("sluice_on_first_bytes");
    this.onNewConnection = callback("proxy_on_new_connection");
    this.onDownstreamData = callback("proxy_on_downstream_data");
    this.onUpstreamData = callback("proxy_on_upstream_data");
    this.onDownstreamConnectionClose = callback("proxy_on_downstream_connection_close");
    this.onUpstreamConnectionClose = callback("proxy_on_upstream_connection_close");
    this.onTcpConnected = callback("sluice_on_tcp_connected");
    this.onTcpData = callback("sluice_on_tcp_data");
    this.onTcpClose = callback("sluice_on_tcp_close");
    this.onRequestHeaders = callback("proxy_on_request_headers");
    this.onRequestBody = callback("proxy_on_request_body");
    this.onRequestTrailers = callback("proxy_on_request_trailers");
    this.onRequestMetadata = callback("proxy_on_request_metadata");
    this.onResponseHeaders = callback("proxy_on_response_headers");
    this.onResponseBody = callback("proxy_on_response_body");
    this.onResponseTrailers = callback("proxy_on_response_trailers");
    this.onResponseMetadata = callback("proxy_on_response_metadata");
    this.onDone = callback("proxy_on_done");
    this.onLog = callback("proxy_on_log");
    this.onDelete = callback("proxy_on_delete");
    this.onStatsUpdate = callback("envoy_on_stats_update");
    this.onResolveDns = callback("envoy_on_resolve_dns");
  }
}

function startFunctionsOf(get: (name: string) => GuestFunction | undefined): StartFunctions {
  return {
    initialize: get("_initialize"),
    main: get("main"),
    mainVoid: get("__main_void"),
    start: get("_start"),
  };
}

// Which callbacks a module needs, by the methods that its classes override.

const sdk = "~lib/@sluice/sdk-assemblyscript/assembly/";

/** Exports of every module. */
const always = ["malloc", "proxy_abi_version_0_2_1", "proxy_on_context_create", "proxy_on_delete"];

/** For each class of the SDK: the callback that calls a method; `*`: whenever the class is extended. */
const callbacksOf = {
  "filter/context/Context": {
    onDone: ["plugin", "proxy_on_done"],
    onForeignFunction: ["plugin", "proxy_on_foreign_function"],
  },
  "filter/stream/Stream": { onLog: ["plugin", "proxy_on_log"] },
  "filter/plugin/Plugin": {
    onVmStart: ["plugin", "proxy_on_vm_start"],
    onValidateConfiguration: ["plugin", "proxy_validate_configuration"],
    onConfigure: ["plugin", "proxy_on_configure"],
    onTick: ["plugin", "proxy_on_tick"],
    onQueueReady: ["plugin", "proxy_on_queue_ready"],
    onLog: ["plugin", "proxy_on_log"],
    onStatsUpdate: ["plugin", "envoy_on_stats_update"],
  },
  "filter/http-filter/HttpFilter": {
    onRequestHeaders: ["http", "proxy_on_request_headers"],
    onRequestBody: ["http", "proxy_on_request_body"],
    onRequestTrailers: ["http", "proxy_on_request_trailers"],
    onRequestMetadata: ["http", "proxy_on_request_metadata"],
    onResponseHeaders: ["http", "proxy_on_response_headers"],
    onResponseBody: ["http", "proxy_on_response_body"],
    onResponseTrailers: ["http", "proxy_on_response_trailers"],
    onResponseMetadata: ["http", "proxy_on_response_metadata"],
  },
  "filter/network-filter/NetworkFilter": {
    onNewConnection: ["connection", "proxy_on_new_connection"],
    onDownstreamData: ["connection", "proxy_on_downstream_data"],
    onUpstreamData: ["connection", "proxy_on_upstream_data"],
    onDownstreamClose: ["connection", "proxy_on_downstream_connection_close"],
    onUpstreamClose: ["connection", "proxy_on_upstream_connection_close"],
  },
  "filter/listener-filter/ListenerFilter": {
    onAccept: ["connection", "sluice_on_accept"],
    onFirstBytes: ["connection", "sluice_on_first_bytes"],
  },
  "callout/tcp-connection/TcpHandler": {
    onConnected: ["connection", "sluice_on_tcp_connected"],
    onData: ["connection", "sluice_on_tcp_data"],
    "*": ["connection", "sluice_on_tcp_close"],
  },
  "callout/http-call/HttpCallHandler": { "*": ["callouts", "proxy_on_http_call_response"] },
  "callout/grpc-call/GrpcHandler": {
    onInitialMetadata: ["callouts", "proxy_on_grpc_receive_initial_metadata"],
    onMessage: ["callouts", "proxy_on_grpc_receive"],
    onTrailingMetadata: ["callouts", "proxy_on_grpc_receive_trailing_metadata"],
    "*": ["callouts", "proxy_on_grpc_close"],
  },
  "callout/dns-lookup/DnsHandler": { "*": ["callouts", "envoy_on_resolve_dns"] },
};

/** The callbacks by the file of `assembly/exports` that has them. */
export function allCallbacks() {
  const files = new Map([["plugin", new Set(always)]]);
  for (const methods of Object.values(callbacksOf)) {
    for (const [file, name] of Object.values(methods)) {
      if (!files.has(file)) files.set(file, new Set());
      files.get(file).add(name);
    }
  }
  return new Map([...files].map(([file, names]) => [file, [...names]]));
}

/** Names of the callbacks that the program's classes want. */
export function overriddenCallbacks(program) {
  const wanted = new Set(always);
  for (const element of program.elementsByName.values()) {
    if (!isClass(element) || element.internalName.startsWith(sdk)) continue;
    for (let base = element.basePrototype; base; base = base.basePrototype) {
      const methods = callbacksOf[base.internalName.slice(sdk.length)];
      if (methods === undefined || !base.internalName.startsWith(sdk)) continue;
      for (const [method, [, name]] of Object.entries(methods)) {
        if (method === "*" || element.instanceMembers?.has(method)) wanted.add(name);
      }
    }
  }
  return wanted;
}

function isClass(element) {
  return element.basePrototype !== undefined && element.instanceMembers !== undefined;
}

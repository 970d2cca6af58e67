// Which folder may import which (itself always). `*` stands for one path segment; a list that begins with
// "+" adds to what the wildcard entry allows. The lint rule beside this file enforces it.

// config/gen holds nothing but types of the protobuf messages.
const leaf = ["host/src/contracts", "host/src/common", "host/src/config/gen", "abi/src"];

export const layers = {
  "abi/src": [],
  "host/src/contracts": ["abi/src"],
  "host/src/common": ["host/src/contracts"],

  "host/src/config/gen": [],

  // Data plane.
  "host/src/network": leaf,
  "host/src/listener": [...leaf, "host/src/network"],
  "host/src/http/codec": leaf,
  "host/src/http/filter-manager": leaf,
  "host/src/http/connection-manager": [
    ...leaf,
    "host/src/http/codec",
    "host/src/http/filter-manager",
  ],
  // Between who makes a request (router, async client) and the stream of a pool.
  "host/src/http/upstream-request": [...leaf, "host/src/http/filter-manager"],
  "host/src/router": [
    ...leaf,
    "host/src/formatter",
    "host/src/http/filter-manager",
    "host/src/http/upstream-request",
  ],
  "host/src/upstream": [
    ...leaf,
    "host/src/network",
    "host/src/http/codec",
    "host/src/http/filter-manager",
    "host/src/http/upstream-request",
  ],
  // Calls to other services, over the clusters of the worker; and what there is to know of calls that pass.
  "host/src/grpc": leaf,
  // What TLS contexts are made of.
  "host/src/secret": leaf,
  "host/src/stats": leaf,
  "host/src/formatter": leaf,
  // The header filter of access logs matches as routes do.
  // A format that prints what guests take has all of it measured.
  "host/src/access-log": [...leaf, "host/src/formatter", "host/src/router", "host/src/guest/watch"],

  // Guests. limits is a leaf that the others use.
  "host/src/guest/limits": leaf,
  // What guests cost and do, seen from outside.
  "host/src/guest/watch": leaf,
  "host/src/guest/shared": leaf,
  "host/src/guest/wasm": [
    ...leaf,
    "host/src/guest/limits",
    "host/src/guest/shared",
    "host/src/guest/watch",
    "host/src/grpc",
  ],
  "host/src/guest/lua": [
    ...leaf,
    "host/src/guest/limits",
    "host/src/guest/shared",
    "host/src/guest/watch",
  ],

  // Extensions: nobody imports them but all.ts; none imports a sibling.
  "host/src/extensions/*/*": [...leaf, "host/src/extensions/*/common"],
  "host/src/extensions/network-filters/http_connection_manager": [
    "+",
    "host/src/http/codec",
    "host/src/http/connection-manager",
    "host/src/http/filter-manager",
    "host/src/router",
    "host/src/formatter",
  ],
  "host/src/extensions/http-filters/router": [
    "+",
    "host/src/http/filter-manager",
    "host/src/router",
  ],
  // What they share about gRPC's frames, statuses and stats.
  "host/src/extensions/http-filters/grpc_http1_bridge": ["+", "host/src/grpc"],
  "host/src/extensions/http-filters/grpc_json_transcoder": ["+", "host/src/grpc"],
  "host/src/extensions/http-filters/grpc_stats": ["+", "host/src/grpc"],
  "host/src/extensions/http-filters/grpc_web": ["+", "host/src/grpc"],
  // Filters that ask a service. What those for requests and for connections share is beside them.
  "host/src/extensions/common/ext_authz": [
    "+",
    "host/src/formatter",
    "host/src/grpc",
    "host/src/router",
  ],
  "host/src/extensions/http-filters/ext_authz": [
    "+",
    "host/src/extensions/common/ext_authz",
    "host/src/formatter",
    "host/src/grpc",
    "host/src/router",
  ],
  "host/src/extensions/network-filters/ext_authz": [
    "+",
    "host/src/extensions/common/ext_authz",
    "host/src/grpc",
  ],
  "host/src/extensions/common/ratelimit": ["+", "host/src/grpc"],
  "host/src/extensions/http-filters/ratelimit": [
    "+",
    "host/src/extensions/common/ratelimit",
    "host/src/grpc",
    "host/src/router",
  ],
  "host/src/extensions/network-filters/ratelimit": [
    "+",
    "host/src/extensions/common/ratelimit",
    "host/src/formatter",
    "host/src/grpc",
  ],
  // The places where a Proxy-Wasm module can run.
  "host/src/extensions/http-filters/wasm": [
    "+",
    "host/src/guest/wasm",
    "host/src/guest/limits",
    "host/src/guest/watch",
  ],
  "host/src/extensions/network-filters/wasm": ["+", "host/src/guest/wasm"],
  "host/src/extensions/listener-filters/wasm": ["+", "host/src/guest/wasm"],
  "host/src/extensions/access-loggers/wasm": ["+", "host/src/guest/wasm"],
  "host/src/extensions/bootstrap/wasm": ["+", "host/src/guest/wasm"],
  "host/src/extensions/stat-sinks/wasm": ["+", "host/src/guest/wasm"],
  "host/src/extensions/http-filters/lua": [
    "+",
    "host/src/guest/lua",
    "host/src/guest/limits",
    "host/src/guest/shared",
    "host/src/guest/watch",
  ],
  "host/src/extensions/transport-sockets/tls": ["+", "host/src/secret"],
  "host/src/extensions/access-loggers/file": ["+", "host/src/access-log", "host/src/formatter"],
  "host/src/extensions/access-loggers/stdout": ["+", "host/src/access-log", "host/src/formatter"],
  "host/src/extensions/access-loggers/stderr": ["+", "host/src/access-log", "host/src/formatter"],
  "host/src/extensions/all.ts": ["host/src/contracts", "host/src/common", "host/src/extensions"],

  // Control plane.
  // Access logs are configured alike in listeners and filters, so their reader stands behind the parse context.
  // What is subscribed to by gRPC names a service.
  "host/src/config": [...leaf, "host/src/access-log", "host/src/grpc/config.ts"],
  // What is asked of guests travels in messages.
  "host/src/snapshot": [...leaf, "host/src/guest/watch", "host/src/access-log"],
  "host/src/xds": [
    ...leaf,
    "host/src/config",
    "host/src/snapshot",
    "host/src/grpc",
    "host/src/secret/live-secrets.ts",
  ],
  "host/src/worker": [
    ...leaf,
    "host/src/network",
    "host/src/listener",
    "host/src/http",
    "host/src/router",
    "host/src/upstream",
    "host/src/secret",
    "host/src/guest",
    "host/src/stats",
    "host/src/access-log",
    "host/src/formatter",
    "host/src/extensions/all.ts",
    "host/src/snapshot",
  ],
  "host/src/server": [
    ...leaf,
    "host/src/config",
    "host/src/xds",
    "host/src/snapshot",
    "host/src/stats",
    "host/src/access-log",
    "host/src/listener",
    "host/src/upstream",
    "host/src/grpc",
    "host/src/secret",
    "host/src/guest/watch",
    "host/src/guest/limits",
    "host/src/guest/shared",
    "host/src/extensions/all.ts",
    "host/src/cli",
    // What the two processes say to each other.
    "host/src/supervisor/protocol.ts",
  ],
  "host/src/cli": leaf,
  // The command itself: nobody imports it.
  "host/src/cli/main.ts": [...leaf, "host/src/cli", "host/src/supervisor", "host/src/dev"],
  "host/src/supervisor": [...leaf, "host/src/cli"],
  // What authors write, made into what can be loaded. The compiler is loaded at run time.
  "host/src/filter-source": [...leaf, "host/src/guest", "sdk-assemblyscript/compiler"],
  "host/src/dev": [
    ...leaf,
    "host/src/cli",
    "host/src/supervisor",
    "host/src/guest",
    "host/src/filter-source",
  ],

  // What runs filters for their tests: the main thread's part and a worker's in one thread.
  "host/src/testing": [
    ...leaf,
    "host/src/cli",
    "host/src/config",
    "host/src/access-log",
    "host/src/extensions",
    "host/src/filter-source",
    "host/src/guest",
    "host/src/server",
    "host/src/snapshot",
    "host/src/stats",
    "host/src/worker",
  ],

  "sdk-assemblyscript/assembly": ["abi/src/numbers"],
  "sample-filters": ["sdk-assemblyscript/assembly"],
};

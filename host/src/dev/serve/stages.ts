import { styleText } from "node:util";
import {
  bootstrapText,
  type DiscoveredFilter,
  type ServerAddress,
  wasmMessage,
} from "../proxy/bootstrap-text.ts";
import { connectionBootstrap, type ConnectionPlace } from "./connection-bootstrap.ts";
import type { DevPlace } from "./dev-arguments.ts";
import { startEchoUpstream, startTcpEcho } from "./echo-upstream.ts";
import {
  connectionText,
  requestText,
  type RequestTextOptions,
  type SeenRequest,
} from "./request-text.ts";

/** What the proxy of a session is made of. */
export interface StageParts {
  readonly proxyPort: number;
  readonly adminPort: number;
  readonly upstream: ServerAddress;
  /** What filters call, by the name of the cluster. */
  readonly clusters: ReadonlyMap<string, ServerAddress>;
  /** In the order of the chain; one where connections are filtered. */
  readonly filters: readonly DiscoveredFilter[];
}

/** What differs between the places where filters stand. */
export interface Stage {
  /** Type of a module's configuration. */
  readonly moduleMessage: string;
  readonly configFile: string;
  /** The proxy's configuration. */
  bootstrap(parts: StageParts): string;
  /** A server that answers with what it is asked. */
  startUpstream(): Promise<{ readonly port: number; close(): void }>;
  /** What is printed of a request or connection; empty: nothing. */
  streamText(seen: SeenRequest, options: RequestTextOptions): string;
  /** What is printed of a call that belongs to none; empty: nothing. */
  otherText(line: string, options: RequestTextOptions): string;
  /** A command that uses the proxy. */
  tryIt(port: number): string;
  /** What sees a filter that was saved. */
  readonly next: string;
}

const madeBy = "sluice dev";
const type = (message: string): string => `type.googleapis.com/${message}`;
const curl = (port: number): string => `curl -i http://127.0.0.1:${port}/`;
const nothing = (): string => "";

const http: Stage = {
  moduleMessage: wasmMessage,
  configFile: "dev.yaml",
  bootstrap: (parts) => bootstrapText({ madeBy, ...parts }),
  startUpstream: startEchoUpstream,
  // One without messages had begun before the trace.
  streamText: (seen, options) => (seen.changes.length > 0 ? requestText(seen, options) : ""),
  otherText: nothing,
  tryIt: curl,
  next: "request",
};

const accessLog: Stage = {
  ...http,
  moduleMessage: type("envoy.extensions.access_loggers.wasm.v3.WasmAccessLog"),
  bootstrap: (parts) =>
    bootstrapText({ madeBy, ...parts, filters: [], accessLoggers: parts.filters }),
  streamText: nothing,
  otherText: (line, { calls }) => (calls ? `    ${styleText("dim", line)}\n` : ""),
};

function connections(place: ConnectionPlace, moduleMessage: string): Stage {
  return {
    moduleMessage,
    configFile: "dev.json",
    bootstrap: ({ filters, ...parts }) =>
      connectionBootstrap({ ...parts, place, filter: filters[0]! }),
    startUpstream: startTcpEcho,
    streamText: connectionText,
    otherText: nothing,
    tryIt: (port) => `nc 127.0.0.1 ${port}`,
    next: "connection",
  };
}

export const stages: { readonly [place in DevPlace]: Stage } = {
  http,
  network: connections("network", type("envoy.extensions.filters.network.wasm.v3.Wasm")),
  listener: connections("listener", type("sluice.listener.wasm.v1.Wasm")),
  "access-log": accessLog,
};

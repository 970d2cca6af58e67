import path from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import {
  httpFilter,
  httpListener,
  staticCluster,
  typeUrl,
  wasmConfig,
} from "../../support/proxy-config.ts";
import type { Corpus, CorpusPorts } from "../lib/corpus.ts";
import type { TrafficCase } from "../lib/traffic.ts";
import { type WasmCase, wasmCases, type WasmGuest } from "./cases.ts";

/** A case as a client sends it to one guest. */
export interface SentWasmCase extends TrafficCase {
  readonly guest: WasmGuest;
  readonly listener: string;
}

/** The files of the guests that are there. */
export type WasmModules = { readonly [guest in WasmGuest]?: string };

const folder = path.resolve(import.meta.dirname, "../../fixtures/wasm/parity");
export const rustModule = path.join(folder, "rust/parity.wasm");
export const assemblyModule = path.join(folder, "assembly/parity.wasm");
export const goModule = path.join(folder, "go/parity.wasm");

/** Every case for every guest that can do it. */
export function wasmCorpus(modules: WasmModules): Corpus<SentWasmCase> {
  const guests = Object.keys(modules) as WasmGuest[];
  const cases = guests.flatMap((guest) =>
    wasmCases.filter(can(guest)).map((each) => sent(each, guest)),
  );
  const listeners = new Map(cases.map(({ listener, guest }) => [listener, guest]));
  return {
    listeners: [...listeners.keys()],
    cases,
    listenerOf: ({ listener }) => listener,
    logger: "wasm",
    comparesStart: true,
    statsFilter: "^wasmcustom",
    stats: /^wasmcustom\./,
    // Hints for authors are our own.
    keepsLine: (line) => !line.startsWith("warning wasm: "),
    // The backtrace is laid out in another way.
    plainLine: (line) => (line.startsWith("error Function: ") ? line.split("\n", 1)[0]! : line),
    config: (ports) => ({
      listeners: [...listeners].map(([name, guest]) =>
        listenerOf(name, { guest, file: modules[guest]! }, ports),
      ),
      clusters: [staticCluster("upstream", [ports.upstream], withTrailers)],
    }),
  };
}

const can =
  (guest: WasmGuest) =>
  ({ only }: WasmCase): boolean =>
    only === undefined || only.includes(guest);

function sent(each: WasmCase, guest: WasmGuest): SentWasmCase {
  const { told, differs, differsIn, traps, only: _, ...rest } = each;
  const applies = differsIn === undefined || differsIn.includes(guest);
  return {
    ...rest,
    guest,
    listener: traps === true ? `${guest}-${each.name}` : guest,
    name: `${guest}-${each.name}`,
    path: `/${each.name}${each.path ?? ""}`,
    headers: { "x-do": told, ...each.headers },
    ...(differs !== undefined && applies && { differs }),
  };
}

const trailers: JsonObject = { enable_trailers: true };
const withTrailers: JsonObject = {
  typed_extension_protocol_options: {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
      "@type": typeUrl("envoy.extensions.upstreams.http.v3.HttpProtocolOptions"),
      explicit_http_config: { http_protocol_options: trailers },
    },
  },
};

function listenerOf(
  name: string,
  { guest, file }: { readonly guest: WasmGuest; readonly file: string },
  ports: CorpusPorts,
): JsonObject {
  const plugin = wasmConfig(file, {
    name: `parity-${guest}`,
    configuration: `for ${guest}`,
    vm: { vm_id: name },
    plugin: { failure_policy: "FAIL_CLOSED" },
  });
  return httpListener({
    name,
    port: ports.listeners[name]!,
    filters: [httpFilter("parity", plugin)],
    hcm: { http_protocol_options: trailers },
  });
}

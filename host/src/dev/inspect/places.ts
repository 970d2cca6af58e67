import { type CallbackName, exportedCallbacks, type ModuleInfo } from "@sluice/abi";

/** Where in a proxy a module can run. */
export type Place =
  | "HTTP filter"
  | "network filter"
  | "listener filter"
  | "access logger"
  | "stats sink"
  | "service";

/** A module can run in a place when it has one of its callbacks. */
const callbacksOf: { readonly [place in Place]: readonly CallbackName[] } = {
  "HTTP filter": [
    "proxy_on_request_headers",
    "proxy_on_request_body",
    "proxy_on_request_trailers",
    "proxy_on_request_metadata",
    "proxy_on_response_headers",
    "proxy_on_response_body",
    "proxy_on_response_trailers",
    "proxy_on_response_metadata",
  ],
  "network filter": [
    "proxy_on_new_connection",
    "proxy_on_downstream_data",
    "proxy_on_upstream_data",
    "proxy_on_downstream_connection_close",
    "proxy_on_upstream_connection_close",
  ],
  "listener filter": ["sluice_on_accept", "sluice_on_first_bytes"],
  "access logger": ["proxy_on_log"],
  "stats sink": ["envoy_on_stats_update"],
  service: ["proxy_on_tick", "proxy_on_queue_ready"],
};

/** The places of which the module has callbacks; SDKs that export all callbacks make it all of them. */
export function placesOf(info: ModuleInfo): Place[] {
  const exported = new Set(exportedCallbacks(info));
  const places = Object.keys(callbacksOf) as Place[];
  return places.filter((place) => callbacksOf[place].some((name) => exported.has(name)));
}

import type { JsonObject } from "@bufbuild/protobuf";
import {
  httpFilter,
  httpListener,
  luaConfig,
  staticCluster,
  typeUrl,
} from "../../support/proxy-config.ts";
import type { Corpus, CorpusPorts } from "../lib/corpus.ts";
import type { TrafficCase } from "../lib/traffic.ts";
import { type LuaCase, type LuaListener, luaListeners } from "./case.ts";
import { bodyCases } from "./cases/bodies.ts";
import { callCases } from "./cases/calls.ts";
import { cryptoCases } from "./cases/crypto.ts";
import { dialectCases } from "./cases/dialect.ts";
import { errorCases } from "./cases/errors.ts";
import { flowCases, scopeCases } from "./cases/flow.ts";
import { framingCases } from "./cases/framing.ts";
import { handleCases } from "./cases/handles.ts";
import { headerCases } from "./cases/headers.ts";
import { languageCases } from "./cases/language.ts";
import { libraryCases } from "./cases/library.ts";
import { limitCases } from "./cases/limits.ts";
import { longerCases } from "./cases/longer.ts";
import { methodCases } from "./cases/methods.ts";
import { objectCases } from "./cases/objects.ts";
import { publishedCases } from "./cases/published.ts";
import { respondCases } from "./cases/respond.ts";
import { upstreamCases } from "./cases/upstream.ts";
import { routeCases } from "./cases/routes.ts";

/** How messages pass. */
const messageCases: readonly LuaCase[] = [
  ...headerCases,
  ...bodyCases,
  ...flowCases,
  ...scopeCases,
  ...routeCases,
  ...limitCases,
  ...upstreamCases,
  ...publishedCases,
  ...longerCases,
  ...handleCases,
  ...framingCases,
];

/** What scripts call, and the language that they are written in. */
const scriptCases: readonly LuaCase[] = [
  ...errorCases,
  ...objectCases,
  ...respondCases,
  ...callCases,
  ...dialectCases,
  ...languageCases,
  ...libraryCases,
  ...methodCases,
  ...cryptoCases,
];

/** A case as a client sends it. */
export type SentLuaCase = LuaCase & TrafficCase;

function corpusOf(cases: readonly LuaCase[]): Corpus<SentLuaCase> {
  return {
    listeners: luaListeners,
    cases: cases.map((each) => ({
      ...each,
      path: each.wholePath ?? `/${each.name}${each.path ?? ""}`,
    })),
    listenerOf: (each) => each.listener ?? "main",
    logger: "lua",
    // Scripts of routes are loaded when they are needed.
    comparesStart: false,
    statsFilter: "\\.lua\\..*(errors|executions)$",
    stats: /^(http\.(?!mark)[a-z]+|cluster\.[-a-z]+)\.lua\./,
    plainLine: (line) => line,
    // Envoy logs no traceback.
    keepsLine: (line) =>
      !/^error lua filter "[^"]*", script "[^"]*", \w+: stack traceback:/.test(line),
    config: (ports) => ({
      listeners: luaListeners.map((name) => listener(name, cases, ports)),
      clusters: [
        staticCluster("upstream", [ports.upstream], withTrailers),
        staticCluster("other", [ports.other], withTrailers),
        staticCluster("pair", [ports.upstream, ports.other], withTrailers),
        ...cases.filter(isUpstream).map((each) => filteredCluster(each, ports)),
      ],
    }),
  };
}

/** In two parts: each script has a state of its own, of which one worker should not have too many. */
export const luaCorpora = {
  messages: corpusOf(messageCases),
  scripts: corpusOf(scriptCases),
} as const;

const trailers: JsonObject = { enable_trailers: true };
const withTrailers: JsonObject = {
  typed_extension_protocol_options: {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
      "@type": typeUrl("envoy.extensions.upstreams.http.v3.HttpProtocolOptions"),
      explicit_http_config: { http_protocol_options: trailers },
    },
  },
};

type UpstreamCase = LuaCase & { readonly upstreamScript: string };

function isUpstream(each: LuaCase): each is UpstreamCase {
  return each.upstreamScript !== undefined;
}

function filteredCluster({ name, upstreamScript }: UpstreamCase, ports: CorpusPorts): JsonObject {
  const codec = typeUrl("envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec");
  return staticCluster(name, [ports.upstream], {
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": typeUrl("envoy.extensions.upstreams.http.v3.HttpProtocolOptions"),
        explicit_http_config: { http_protocol_options: trailers },
        http_filters: [
          httpFilter("script", luaConfig(upstreamScript)),
          httpFilter("codec", { "@type": codec }),
        ],
      },
    },
  });
}

/** What sets each listener apart. */
const peculiarities: {
  readonly [name in LuaListener]: { hcm?: JsonObject; listener?: JsonObject };
} = {
  main: {},
  small: { listener: { per_connection_buffer_limit_bytes: 1024 } },
  canonical: {},
  bare: {},
};

const defaultScript = `function envoy_on_request(h)
  h:headers():add("x-default", h:filterContext():get("k") or "none")
end
function envoy_on_response(h)
  h:headers():add("x-default", h:filterContext():get("k") or "none")
end`;
const namedScript = `function envoy_on_request(h) h:headers():add("x-named", "yes") end`;
/** Runs for requests that have no route. */
const bareScript = `function envoy_on_request(h)
  h:headers():add("x-route", h:streamInfo():routeName())
end
function envoy_on_response(h)
  local function count(m) local n = 0 for _ in pairs(m) do n = n + 1 end return n end
  h:headers():add("x-seen", count(h:metadata()) .. count(h:route():metadata()) .. type(h:virtualHost()))
end`;

function listener(name: LuaListener, all: readonly LuaCase[], ports: CorpusPorts): JsonObject {
  const filterName = name === "canonical" ? "other-name" : "script";
  const config: JsonObject =
    name === "bare"
      ? { default_source_code: { inline_string: bareScript }, clear_route_cache: false }
      : {
          default_source_code: { inline_string: defaultScript },
          source_codes: { named: { inline_string: namedScript } },
          ...(name === "canonical" && { stat_prefix: "my_script" }),
        };
  const routes = all
    .filter((each) => (each.listener ?? "main") === name)
    .map((each) => routeOf(each, filterName, ports));
  const { hcm, listener: more } = peculiarities[name];
  return httpListener({
    name,
    port: ports.listeners[name]!,
    filters: [httpFilter(filterName, { "@type": typeUrl("lua"), ...config })],
    virtualHosts: [virtualHost(name, filterName, routes)],
    hcm: { http_protocol_options: trailers, ...hcm },
    ...(more && { listener: more }),
  });
}

function virtualHost(
  name: LuaListener,
  filterName: string,
  routes: readonly JsonObject[],
): JsonObject {
  // A rewritten path must not lead to another case's route.
  const rest: JsonObject = { match: { prefix: "/" }, route: { cluster: "upstream" } };
  const other: JsonObject = { match: { prefix: "/to-other" }, route: { cluster: "other" } };
  return {
    name: "all",
    domains: name === "bare" ? ["known"] : ["*"],
    routes: name === "bare" ? [...routes] : [...routes, other, rest],
    metadata: { filter_metadata: { [filterName]: { v: 2 } } },
  };
}

function routeOf(each: LuaCase, filterName: string, ports: CorpusPorts): JsonObject {
  const script = each.script?.replaceAll("<other>", String(ports.other));
  const perRoute: JsonObject = {
    "@type": typeUrl("envoy.extensions.filters.http.lua.v3.LuaPerRoute"),
    ...(script !== undefined && { source_code: { inline_string: script } }),
    ...each.perRoute,
  };
  const hasOwn = each.script !== undefined || each.perRoute !== undefined;
  const key = filterName === "other-name" ? "envoy.filters.http.lua" : filterName;
  const usual: { [name: string]: JsonObject | string } = {
    name: `route-${each.name}`,
    match: { path_separated_prefix: `/${each.name}` },
    route: { cluster: isUpstream(each) ? each.name : "upstream" },
    metadata: { filter_metadata: { [key]: { m: 1, list: ["a"] } } },
  };
  const route: JsonObject = { ...usual };
  for (const [name, value] of Object.entries(each.route ?? {})) {
    if (value === null) delete route[name];
    else route[name] = value;
  }
  if (hasOwn) route["typed_per_filter_config"] = { [filterName]: perRoute };
  return route;
}

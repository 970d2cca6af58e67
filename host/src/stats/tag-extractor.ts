/** A piece of a stat's name that is a label of its own in Prometheus. */
export interface StatTag {
  /** Envoy's tag name, e.g. `envoy.cluster_name`. */
  readonly name: string;
  readonly value: string;
}

/** A name without what its tags say. */
export interface TaggedName {
  readonly name: string;
  readonly tags: readonly StatTag[];
}

/** Finds one tag: where the piece to cut is, and what the value is. */
interface Extractor {
  readonly tag: string;
  find(
    name: string,
  ): { readonly start: number; readonly end: number; readonly value: string } | undefined;
}

/** Group 1 is cut out, group 2 is the value. */
function byRegex(tag: string, regex: RegExp): Extractor {
  const indexed = new RegExp(regex.source, "d");
  return {
    tag,
    find(name) {
      const indices = indexed.exec(name)?.indices;
      const cut = indices?.[1];
      const value = indices?.[2];
      if (cut === undefined || value === undefined) return undefined;
      return { start: cut[0], end: cut[1], value: name.slice(value[0], value[1]) };
    },
  };
}

/**
 * Names split at dots: `*` is any one token, `$` the token that is the value, `**` at the end one or more. The
 * token is cut out with the dot behind it.
 */
function byTokens(tag: string, pattern: string): Extractor {
  const tokens = pattern.split(".").map((token) => {
    if (token === "$") return "(([^.]+)\\.)";
    if (token === "*") return "[^.]+\\.";
    return token === "**" ? ".+" : `${token}\\.`;
  });
  return byRegex(tag, new RegExp(`^${tokens.join("")}$`));
}

// An address with its dots, or a stat_prefix without.
const listenerName = "(?:(?:\\d+\\.\\d+\\.\\d+\\.\\d+|\\[[_a-fA-F\\d]*\\])_\\d+|[^.]+)";

const managers = "server|listener_manager|thread_local_cluster_manager";

// Envoy's default extractors, in the order in which their labels are printed, and what is our own.
const extractors: readonly Extractor[] = [
  byRegex("envoy.response_code", /_rq(_(\d{3}))$/),
  byRegex("envoy.response_code_class", /_rq_((\d))xx$/),
  byTokens("envoy.grpc_bridge_method", "cluster.*.grpc.*.$.**"),
  byTokens("envoy.http_user_agent", "http.*.user_agent.$.**"),
  byTokens("envoy.virtual_cluster", "vhost.*.vcluster.$.**"),
  byTokens("envoy.route", "vhost.*.route.$.**"),
  byTokens("envoy.fault_downstream_cluster", "http.*.fault.$.**"),
  byTokens("envoy.grpc_bridge_service", "cluster.*.grpc.$.**"),
  byTokens("envoy.tcp_prefix", "tcp.$.**"),
  byTokens("envoy.udp_prefix", "udp.$.**"),
  byTokens("envoy.ratelimit_prefix", "ratelimit.$.**"),
  byTokens("envoy.cluster_name", "cluster.$.**"),
  byRegex(
    "envoy.http_conn_manager_prefix",
    new RegExp(`^(?:listener\\.${listenerName}\\.)?http\\.(([^.]+)\\.)`),
  ),
  byTokens("envoy.virtual_host", "vhost.$.**"),
  byRegex(
    "envoy.worker_id",
    new RegExp(`^(?:listener\\.${listenerName}|${managers})\\.worker(_(\\d+))\\.`),
  ),
  byRegex("envoy.listener_address", new RegExp(`^listener\\.(?!admin\\.)((${listenerName})\\.)`)),
  // Our own.
  byTokens("sluice.plugin", "sluice.wasm.$.**"),
  byTokens("sluice.filter", "sluice.lua.$.**"),
  byRegex(
    "sluice.callback",
    /^sluice\.(?:wasm|lua)\.[^.]+\.((\w+)\.)(?:self|host_call|paused)_ns$/,
  ),
];

/** The name without its tags, and the tags in the order in which they are printed. */
export function extractTags(name: string): TaggedName {
  const tags: StatTag[] = [];
  const cuts: { readonly start: number; readonly end: number }[] = [];
  for (const extractor of extractors) {
    const found = extractor.find(name);
    if (found === undefined) continue;
    tags.push({ name: extractor.tag, value: found.value });
    cuts.push(found);
  }
  if (cuts.length === 0) return { name, tags };
  cuts.sort((a, b) => a.start - b.start);
  let rest = "";
  let end = 0;
  for (const cut of cuts) {
    rest += name.slice(end, Math.max(end, cut.start));
    end = Math.max(end, cut.end);
  }
  return { name: rest + name.slice(end), tags };
}

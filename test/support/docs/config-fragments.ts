import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { parse } from "yaml";
import { typeUrl } from "../proxy-config.ts";
import { tlsFile } from "../tls.ts";
import type { Block } from "./markdown.ts";

// Pages show parts of a configuration. Here they become one whole: each part in a listener of its own that is called
// after its place in the page.

const echo: JsonObject = {
  name: "echo",
  typed_config: { "@type": typeUrl("envoy.extensions.filters.network.echo.v3.Echo") },
};
const router: JsonObject = {
  name: "envoy.filters.http.router",
  typed_config: { "@type": typeUrl("envoy.extensions.filters.http.router.v3.Router") },
};
const tls: JsonObject = {
  name: "envoy.transport_sockets.tls",
  typed_config: {
    "@type": typeUrl("envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"),
    common_tls_context: {
      tls_certificates: [
        {
          certificate_chain: { filename: tlsFile("server-cert.pem") },
          private_key: { filename: tlsFile("server-key.pem") },
        },
      ],
    },
  },
};

/** Lists that parts add to, of the bootstrap itself. */
const bootstrapLists = ["bootstrap_extensions", "stats_sinks"];
/** What stands in the HTTP connection manager. */
const managerFields = ["http_filters", "access_log", "route_config"];
/** What stands in a listener. */
const listenerFields = ["listener_filters", "filter_chains"];

/** A bootstrap that is put together from parts. */
export class WholeConfig {
  readonly #bootstrap: Record<string, JsonValue> = {};
  readonly #listeners: JsonObject[] = [];
  readonly #clusters = new Map<string, JsonObject>();

  /** False: the part is of no form that is known here. */
  add(block: Block): boolean {
    const part = parse(withoutEllipses(block.text)) as Record<string, JsonValue>;
    for (const name of clusterNames(block.text)) this.#addCluster({ name });
    const keys = Object.keys(part);
    const name = `${block.page}:${block.line}`;
    if (keys.every((key) => key === "static_resources")) this.#addStatic(part, name);
    else if (
      keys.every(
        (key) => key === "admin" || key === "stats_flush_interval" || bootstrapLists.includes(key),
      )
    ) {
      this.#addToBootstrap(part);
    } else if (keys.every((key) => managerFields.includes(key)))
      this.#addListener(name, [manager(part)]);
    else if (keys.every((key) => key === "typed_per_filter_config"))
      this.#addToRoute(part, block.page);
    else if (keys.every((key) => key === "filters")) {
      this.#addListener(name, terminated(part["filters"] as JsonObject[]));
    } else if (keys.every((key) => listenerFields.includes(key))) {
      this.#listeners.push({
        name,
        ...nowhere(name),
        filter_chains: [{ filters: [echo] }],
        ...part,
      });
    } else if (keys.every((key) => key === "clusters")) {
      for (const cluster of part["clusters"] as JsonObject[]) this.#addCluster(cluster);
    } else return false;
    return true;
  }

  get config(): JsonObject {
    const static_resources = { listeners: this.#listeners, clusters: [...this.#clusters.values()] };
    return { ...this.#bootstrap, static_resources };
  }

  #addStatic(part: JsonObject, name: string): void {
    const { listeners = [], clusters = [] } = part["static_resources"] as {
      listeners?: JsonObject[];
      clusters?: JsonObject[];
    };
    for (const listener of listeners) this.#listeners.push({ ...listener, name, ...nowhere(name) });
    for (const cluster of clusters) this.#addCluster(cluster);
  }

  #addToBootstrap(part: JsonObject): void {
    for (const [key, value] of Object.entries(part)) {
      const known = this.#bootstrap[key];
      this.#bootstrap[key] =
        Array.isArray(known) && Array.isArray(value) ? [...known, ...value] : value;
    }
  }

  #addListener(name: string, filters: JsonObject[]): void {
    this.#listeners.push({ name, ...nowhere(name), filter_chains: [{ filters }] });
  }

  /** On a route of the listener that the same page has shown before. */
  #addToRoute(part: JsonObject, page: string): void {
    const listener = this.#listeners.findLast((it) =>
      (it["name"] as string).startsWith(`${page}:`),
    )!;
    const text = JSON.stringify(listener);
    const routed = text.replace('"routes":[{', `"routes":[{${JSON.stringify(part).slice(1, -1)},`);
    this.#listeners[this.#listeners.indexOf(listener)] = JSON.parse(routed) as JsonObject;
  }

  #addCluster(cluster: JsonObject): void {
    const name = cluster["name"] as string;
    const known = this.#clusters.get(name);
    this.#clusters.set(name, {
      type: "STATIC",
      load_assignment: { cluster_name: name, endpoints: [] },
      ...known,
      ...cluster,
    });
  }
}

/** Stands for what matters elsewhere: `[…]` for filters, `…` for a transport socket. */
function withoutEllipses(text: string): string {
  return text
    .replaceAll("filters: […]", `filters: ${JSON.stringify([echo])}`)
    .replaceAll("transport_socket: …", `transport_socket: ${JSON.stringify(tls)}`);
}

/** Clusters that a part names. */
function clusterNames(text: string): string[] {
  const named = [
    ...text.matchAll(/\bcluster(?:_name)?: ([\w-]+)/g),
    ...text.matchAll(/\{ name: ([\w-]+), weight/g),
  ];
  return named.map(([, name]) => name!);
}

/** An address that nothing is bound to while the configuration is only looked at. */
function nowhere(name: string): JsonObject {
  return { address: { pipe: { path: `./${name.replaceAll(/\W/g, "-").slice(-60)}` } } };
}

/** A chain of network filters needs one that takes the bytes. */
function terminated(filters: JsonObject[]): JsonObject[] {
  const last = JSON.stringify(filters.at(-1));
  return /\.(tcp_proxy|echo|direct_response)\.v3\./.test(last) ? filters : [...filters, echo];
}

function manager(part: JsonObject): JsonObject {
  const { http_filters: shown = [], ...more } = part;
  const filters = (shown as JsonObject[]).filter(({ name }) => name !== router["name"]);
  const routes = [{ match: { prefix: "/" }, direct_response: { status: 200 } }];
  return {
    name: "hcm",
    typed_config: {
      "@type": typeUrl(
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
      ),
      stat_prefix: "docs",
      route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes }] },
      ...more,
      http_filters: [...filters, router],
    },
  };
}

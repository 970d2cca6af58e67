import type { JsonObject } from "@bufbuild/protobuf";
import { adminAt } from "../../support/admin-stats.ts";
import {
  bootstrap,
  httpFilter,
  httpListener,
  luaConfig,
  staticCluster,
  typeUrl,
  unlimitedGuests,
  wasmConfig,
} from "../../support/proxy-config.ts";

/** Where the client may connect. */
export const listenerNames = [
  "both",
  "down",
  "up",
  "none",
  "one",
  "small",
  "smallup",
  "log",
  "lua",
  "hold",
  "held",
  "resume",
  "reply",
  "replyback",
  "stop",
  "stopped",
  "upfilter",
  "heldback",
  "luaback",
  "buffer",
  "direct",
  "trap",
  "trapback",
] as const;
export type ListenerName = (typeof listenerNames)[number];

interface Ports {
  readonly listeners: Readonly<Record<ListenerName, number>>;
  readonly admin: number;
  /** A listener whose requests leave a line in the log of guests and one in the access log. */
  readonly mark: number;
  readonly upstream: number;
  readonly plain: number;
}

const pause = `function envoy_on_request(h)
  h:httpCall("aside", { [":method"] = "GET", [":path"] = "/aside", [":authority"] = "a" }, "", 20000)
end`;

const pauseBack = pause.replace("request", "response");
const buffer = `function envoy_on_request(h)
  h:body()
end`;

const marking = `function envoy_on_request(h)
  h:logInfo("mark " .. h:headers():get(":path"))
end`;
const logFormat = "%REQ(:PATH)% %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%";

/** `modules`: files of the guests by name. */
export function metadataScenario(
  ports: Ports,
  modules: Readonly<Record<string, string>>,
  accessLog: string,
  isEnvoy: boolean,
): JsonObject {
  const guest = (name: string, more: JsonObject = {}): JsonObject =>
    httpFilter(name, wasmConfig(modules[name]!, { name, plugin: more }));
  const logging = guest("log");
  const pausing = httpFilter("pause", luaConfig(pause));
  const stops: JsonObject = { allow_on_headers_stop_iteration: true };
  const listener = (
    name: ListenerName,
    cluster: string,
    filters: JsonObject[] = [],
    options: JsonObject | undefined = { allow_metadata: true },
  ): JsonObject =>
    httpListener({
      name,
      port: ports.listeners[name],
      filters,
      accessLog,
      logFormat,
      routes: [
        { match: { prefix: "/aside" }, direct_response: { status: 200 } },
        {
          match: { prefix: "/direct" },
          direct_response: { status: 200, body: { inline_string: "direct" } },
        },
        { match: { prefix: "/" }, route: { cluster, timeout: "0s" } },
      ],
      hcm: options === undefined ? {} : { http2_protocol_options: options },
    });
  return bootstrap(
    [
      listener("both", "both"),
      listener("down", "without"),
      listener("up", "both", [], {}),
      listener("none", "without", [], {}),
      listener("one", "one"),
      listener("small", "both", [], { allow_metadata: true, max_metadata_size: 100 }),
      listener("smallup", "small"),
      listener("log", "both", [logging]),
      listener("lua", "both", [logging, pausing]),
      listener("hold", "both", [pausing, logging]),
      listener("held", "both", [guest("hold"), logging]),
      listener("resume", "both", [guest("resume", stops), logging]),
      listener("reply", "both", [logging, guest("reply")]),
      listener("replyback", "both", [logging, guest("replyback")]),
      listener("stop", "both", [guest("stop", stops), logging]),
      listener("stopped", "both", [guest("stop"), logging]),
      listener("upfilter", "filtered"),
      listener("heldback", "both", [logging, guest("heldback")]),
      listener("luaback", "both", [logging, httpFilter("pause", luaConfig(pauseBack))]),
      listener("buffer", "both", [httpFilter("buffer", luaConfig(buffer)), logging]),
      listener("direct", "both"),
      listener("trap", "both", [logging, guest("trap")]),
      listener("trapback", "both", [logging, guest("trapback")]),
      httpListener({
        name: "mark",
        port: ports.mark,
        filters: [httpFilter("mark", luaConfig(marking))],
        routes: [{ match: { prefix: "/" }, direct_response: { status: 200 } }],
        accessLog,
        logFormat,
      }),
    ],
    [
      staticCluster("both", [ports.upstream], http2({ allow_metadata: true })),
      staticCluster("without", [ports.upstream], http2({})),
      staticCluster(
        "small",
        [ports.upstream],
        http2({ allow_metadata: true, max_metadata_size: 100 }),
      ),
      staticCluster("filtered", [ports.upstream], http2({ allow_metadata: true }, [logging])),
      staticCluster("one", [ports.plain]),
      staticCluster("aside", [ports.listeners.direct]),
    ],
    { ...adminAt(ports.admin), ...(isEnvoy ? {} : unlimitedGuests) },
  );
}

function http2(options: JsonObject, filters: readonly JsonObject[] = []): JsonObject {
  const kind = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  const codec = {
    name: "envoy.filters.http.upstream_codec",
    typed_config: {
      "@type": typeUrl("envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec"),
    },
  };
  return {
    typed_extension_protocol_options: {
      [kind]: {
        "@type": typeUrl(kind),
        explicit_http_config: { http2_protocol_options: options },
        ...(filters.length > 0 && { http_filters: [...filters, codec] }),
      },
    },
  };
}

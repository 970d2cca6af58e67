import type { FieldClassTable } from "./types.ts";

const source = "is not supported; use path_config_source or api_config_source";
const polling = "belongs to REST, which is not supported";

/** Extensions that come by discovery, and how any extension's configuration may be wrapped. */
export const discoveryFields: FieldClassTable = {
  "envoy.config.core.v3.ExtensionConfigSource": {
    implemented: [
      "config_source",
      "default_config",
      "apply_default_config_without_warming",
      "type_urls",
    ],
  },
  "envoy.config.core.v3.ConfigSource": {
    // Where a gRPC source is not supported, the parser refuses it.
    implemented: [
      "path",
      "path_config_source",
      "api_config_source",
      "initial_fetch_timeout",
      "resource_api_version",
    ],
    refused: {
      ads: source,
      self: source,
      authorities: "resource locators (xdstp://) are not supported",
    },
  },
  "envoy.config.core.v3.ApiConfigSource": {
    implemented: [
      "api_type",
      "cluster_names",
      "grpc_services",
      "set_node_on_first_message_only",
      "transport_api_version",
    ],
    refused: {
      config_validators: "is not supported",
      rate_limit_settings: "requests are not limited; each answers a response of the server",
      refresh_delay: polling,
      request_timeout: polling,
    },
  },
  "envoy.config.core.v3.PathConfigSource": {
    implemented: ["path", "watched_directory"],
    refused: { poll_interval: "is not supported; move the new file over the old one" },
  },
  "envoy.config.core.v3.WatchedDirectory": {
    implemented: ["path"],
    refused: { watch_modify: "is not supported; move the new file over the old one" },
  },
  "envoy.service.discovery.v3.DiscoveryResponse": {
    // In a file only the resources and their version mean anything, in Envoy too.
    implemented: ["version_info", "resources", "type_url", "nonce", "canary", "control_plane"],
  },
  "envoy.config.core.v3.ControlPlane": { implemented: ["identifier"] },
  "envoy.service.discovery.v3.Resource": {
    implemented: ["name", "version", "resource"],
    refused: { ttl: "resources that expire are not supported" },
  },
  "envoy.config.route.v3.FilterConfig": { implemented: ["config", "is_optional", "disabled"] },
  "xds.type.v3.TypedStruct": { implemented: ["type_url", "value"] },
  "udpa.type.v1.TypedStruct": { implemented: ["type_url", "value"] },
};

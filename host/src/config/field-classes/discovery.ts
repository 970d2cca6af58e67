import type { FieldClassTable } from "./types.ts";

const source = "is not supported; use path_config_source";

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
    implemented: ["path", "path_config_source", "initial_fetch_timeout", "resource_api_version"],
    refused: {
      api_config_source: source,
      ads: source,
      self: source,
      authorities: "resource locators (xdstp://) are not supported",
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

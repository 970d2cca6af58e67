import type { FieldClassTable } from "./types.ts";

/** Messages that all areas use. */
export const coreFields: FieldClassTable = {
  "envoy.config.core.v3.Address": {
    implemented: ["socket_address", "pipe"],
    refused: { envoy_internal_address: "internal listeners are not supported" },
  },
  "envoy.config.core.v3.SocketAddress": {
    implemented: ["protocol", "address", "port_value", "ipv4_compat"],
    refused: {
      named_port: "is not supported; use port_value",
      resolver_name: "names are not resolved; write an IP address",
      network_namespace_filepath: "network namespaces are not supported",
    },
  },
  "envoy.config.core.v3.Pipe": { implemented: ["path", "mode"] },
  "envoy.config.core.v3.DataSource": {
    implemented: ["filename", "inline_bytes", "inline_string", "environment_variable"],
    refused: { watched_directory: "is not supported; push a new configuration instead" },
  },
  "envoy.config.core.v3.TypedExtensionConfig": { implemented: ["name", "typed_config"] },
  "envoy.config.core.v3.Locality": { implemented: ["region", "zone", "sub_zone"] },
};

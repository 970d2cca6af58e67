import { messageToJson } from "../../config/print-json.ts";
import type { Schema } from "../../config/schema.ts";
import type { JsonValue } from "../../contracts/stream-info.ts";
import type { AdminDeps, ConfigDumpSource } from "./admin-deps.ts";

type JsonObject = { [key: string]: JsonValue };

/** The node as this proxy knows itself: of the bootstrap and the command line, with what it is and has. */
export function nodeJson(schema: Schema, source: ConfigDumpSource, deps: AdminDeps): JsonObject {
  const { node } = source.bootstrap;
  const configured = node === undefined ? {} : messageToJson(schema, node);
  const { nodeId, clusterName } = source.localInfo;
  const { metadata, locality, client_features: clientFeatures } = configured;
  return {
    ...(nodeId === "" ? {} : { id: nodeId }),
    ...(clusterName === "" ? {} : { cluster: clusterName }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(locality === undefined ? {} : { locality }),
    user_agent_name: "sluice",
    user_agent_build_version: {
      version: versionJson(deps.version),
      metadata: { "node.version": process.versions.node, "v8.version": process.versions.v8 },
    },
    extensions: deps.extensions().map(({ name, category, messageName }) => ({
      name,
      category,
      type_urls: [messageName],
    })),
    ...(clientFeatures === undefined ? {} : { client_features: clientFeatures }),
  };
}

function versionJson(version: string): JsonObject {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map((part) => Number(part) || 0);
  return {
    ...(major === 0 ? {} : { major_number: major }),
    ...(minor === 0 ? {} : { minor_number: minor }),
    ...(patch === 0 ? {} : { patch }),
  };
}

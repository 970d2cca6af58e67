import { messageToJson } from "../config/print-json.ts";
import type { Node } from "../config/gen/envoy/config/core/v3/base_pb.ts";
import type { Schema } from "../config/schema.ts";
import type { LocalInfo } from "../contracts/config/snapshot.ts";
import type { JsonValue } from "../contracts/stream-info.ts";
import type { BuiltInExtension } from "./admin/admin-deps.ts";

type JsonObject = { [key: string]: JsonValue };

export interface NodeFacts {
  /** `node` of the bootstrap. */
  readonly configured: Node | undefined;
  readonly localInfo: LocalInfo;
  readonly version: string;
  readonly extensions: readonly BuiltInExtension[];
}

/** The node as this proxy knows itself: of the bootstrap and the command line, with what it is and has. */
export function nodeJson(schema: Schema, facts: NodeFacts): JsonObject {
  const { configured, localInfo, version, extensions } = facts;
  const node = configured === undefined ? {} : messageToJson(schema, configured);
  const { nodeId, clusterName } = localInfo;
  const { metadata, locality, client_features: clientFeatures } = node;
  return {
    ...(nodeId === "" ? {} : { id: nodeId }),
    ...(clusterName === "" ? {} : { cluster: clusterName }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(locality === undefined ? {} : { locality }),
    user_agent_name: "sluice",
    user_agent_build_version: {
      version: versionJson(version),
      metadata: { "node.version": process.versions.node, "v8.version": process.versions.v8 },
    },
    extensions: extensions.map(({ name, category, messageName }) => ({
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

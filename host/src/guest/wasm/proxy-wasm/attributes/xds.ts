import type { AttributeName } from "@sluice/abi";
import type { StreamInfo } from "../../../../contracts/stream-info.ts";
import type { ThreadLocalCluster } from "../../../../contracts/upstream/cluster.ts";
import type { Context } from "../context.ts";
import { metadataValue, nodeValue } from "./messages.ts";
import { byteText, filled, integer, nullValue, type Value } from "./value.ts";

type Get = (context: Context, stream: StreamInfo | undefined) => Value | undefined;

/** `TrafficDirection` by number. */
const directions = ["unspecified", "inbound", "outbound"];

/** `xds.*`: the configuration that the stream has met. */
export const xdsAttributes: Readonly<Record<AttributeName<"xds">, Get>> = {
  node: (context) => nodeValue(context.vm.environment.localInfo),
  cluster_name: (context) => filled(byteText(clusterNameOf(context) ?? "")),
  cluster_metadata: (context) => {
    const cluster = clusterOf(context);
    return cluster && metadataValue(cluster.info.metadata);
  },
  route_name: ({ route }) => route && byteText(route.name),
  route_metadata: ({ route }) => route && metadataValue(route.metadata),
  virtual_host_name: ({ route }) => route && byteText(route.virtualHostName),
  virtual_host_metadata: ({ route }) => route && metadataValue(route.virtualHostMetadata),
  upstream_host_metadata: (_context, stream) => {
    const host = stream?.upstreamInfo?.host;
    return host && metadataValue(host.metadata);
  },
  // Localities have no metadata in the configuration of this host; it is there, and is not set.
  upstream_host_locality_metadata: (_context, stream) => stream?.upstreamInfo?.host && nullValue,
  filter_chain_name: (_context, stream) => stream && byteText(stream.filterChainName),
  listener_metadata: (_context, stream) => {
    const listener = stream?.listener;
    return listener && metadataValue(listener.metadata);
  },
  listener_direction: (_context, stream) =>
    stream?.listener && integer(directions.indexOf(stream.listener.direction)),
};

/** The cluster of the stream, when it is known and exists. */
export function clusterOf(context: Context): ThreadLocalCluster | undefined {
  const name = clusterNameOf(context);
  return name === undefined
    ? undefined
    : context.vm.environment.clusters?.getThreadLocalCluster(name);
}

/** The cluster that was chosen, or that the route will lead to. */
function clusterNameOf(context: Context): string | undefined {
  const chosen = filled(context.streamInfo?.upstreamInfo?.clusterName);
  if (chosen !== undefined) return chosen;
  const headers = context.streamInfo?.requestHeaders;
  return headers && context.route?.routeEntry?.clusterName(headers);
}

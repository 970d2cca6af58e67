import { canonicalIp } from "../common/address.ts";
import type {
  Address as AddressMessage,
  SocketAddress,
} from "../config/gen/envoy/config/core/v3/address_pb.js";
import type {
  LbEndpoint,
  LocalityLbEndpoints,
} from "../config/gen/envoy/config/endpoint/v3/endpoint_components_pb.js";
import type { ClusterLoadAssignment } from "../config/gen/envoy/config/endpoint/v3/endpoint_pb.js";
import type { Address } from "../contracts/address.ts";
import type { HostConfig } from "../contracts/config/snapshot.ts";
import type { ParseContext } from "../contracts/extension.ts";
import { HealthFlag } from "../contracts/upstream/host.ts";

/** The hosts of a static cluster, in the order in which they stand. */
export function parseHosts(
  assignment: ClusterLoadAssignment | undefined,
  context: ParseContext,
): HostConfig[] {
  return (assignment?.endpoints ?? []).flatMap((locality) => parseLocality(locality, context));
}

function parseLocality(message: LocalityLbEndpoints, context: ParseContext): HostConfig[] {
  if (message.priority !== 0) {
    const text = `priority ${message.priority} is not supported; put all endpoints into priority 0`;
    context.problem(message, "priority", text);
  }
  const { region = "", zone = "", subZone = "" } = message.locality ?? {};
  const hosts = message.lbEndpoints.map((endpoint) =>
    parseEndpoint(endpoint, { region, zone, subZone }, context),
  );
  return hosts.filter((host) => host !== undefined);
}

// `HealthStatus` by number: UNKNOWN, HEALTHY, UNHEALTHY, DRAINING, TIMEOUT, DEGRADED.
const healthFlags = [
  0,
  0,
  HealthFlag.FailedEdsHealth,
  HealthFlag.EdsStatusDraining,
  HealthFlag.FailedEdsHealth,
  HealthFlag.DegradedEdsHealth,
];

function parseEndpoint(
  message: LbEndpoint,
  locality: HostConfig["locality"],
  context: ParseContext,
): HostConfig | undefined {
  if (message.hostIdentifier.case !== "endpoint") {
    context.problem(message, "endpoint", "is missing; give it an address");
    return undefined;
  }
  const endpoint = message.hostIdentifier.value;
  if (endpoint.address === undefined) {
    context.problem(endpoint, "address", "is missing");
    return undefined;
  }
  const address = parseAddress(endpoint.address, context);
  if (address === undefined) return undefined;
  return {
    address,
    hostname: endpoint.hostname,
    weight: message.loadBalancingWeight ?? 1,
    priority: 0,
    healthFlags: healthFlags[message.healthStatus] ?? 0,
    locality,
    metadata: (message.metadata?.filterMetadata ?? {}) as HostConfig["metadata"],
  };
}

/** Room for a path in a `sockaddr_un`, with its final NUL; an abstract name needs none. */
const pipePathMax = 108;

function parseAddress(message: AddressMessage, context: ParseContext): Address | undefined {
  const { address } = message;
  if (address.case === "socketAddress") return parseSocketAddress(address.value, context);
  if (address.case !== "pipe") {
    context.problem(message, "", "must have a socket_address or a pipe");
    return undefined;
  }
  const { path, mode } = address.value;
  if (Buffer.byteLength(path) >= pipePathMax) {
    const text = `Path "${path}" exceeds maximum UNIX domain socket path size of ${pipePathMax}`;
    context.problem(address.value, "path", text);
  }
  if (mode !== 0) {
    context.problem(address.value, "mode", "is for listening sockets; leave it out");
  }
  return { kind: "pipe", path, mode: 0 };
}

function parseSocketAddress(message: SocketAddress, context: ParseContext): Address | undefined {
  if (message.protocol !== 0) {
    context.problem(message, "protocol", "UDP is not supported; use TCP");
  }
  const ip = canonicalIp(message.address);
  if (ip === undefined) {
    const text =
      `malformed IP address: ${message.address}. Names are not resolved; ` +
      "write an IP address (IPv6 without brackets)";
    context.problem(message, "address", text);
    return undefined;
  }
  const port = message.portSpecifier;
  if (port.case !== "portValue" || port.value === 0) {
    context.problem(message, "port_value", "is missing; a connection needs a port from 1 on");
    return undefined;
  }
  return { kind: "ip", ip: ip.ip, port: port.value, family: ip.family };
}

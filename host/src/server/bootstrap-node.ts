import os from "node:os";
import type { Bootstrap } from "../config/gen/envoy/config/bootstrap/v3/bootstrap_pb.ts";
import type { Locality } from "../config/gen/envoy/config/core/v3/base_pb.ts";
import type { LocalInfo } from "../contracts/config/snapshot.ts";

export interface NodeOptions {
  readonly serviceNode?: string | undefined;
  readonly serviceCluster?: string | undefined;
  readonly version: string;
}

/** `node` of the bootstrap, with what the command line says instead. */
export function localInfoOf(message: Bootstrap, options: NodeOptions): LocalInfo {
  const { node } = message;
  return {
    nodeId: options.serviceNode || (node?.id ?? ""),
    clusterName: options.serviceCluster || (node?.cluster ?? ""),
    ...localityOf(node?.locality),
    nodeMetadata: (node?.metadata ?? {}) as LocalInfo["nodeMetadata"],
    address: hostAddress(),
    version: options.version,
  };
}

function localityOf(
  locality: Locality | undefined,
): Pick<LocalInfo, "region" | "zone" | "subZone"> {
  const { region, zone, subZone } = locality ?? { region: "", zone: "", subZone: "" };
  return { region, zone, subZone };
}

/** The first IPv4 address of the host that is not a loopback one. */
function hostAddress(): string {
  const addresses = Object.values(os.networkInterfaces()).flatMap((list) => list ?? []);
  const outer = addresses.find((address) => address.family === "IPv4" && !address.internal);
  return outer?.address ?? "127.0.0.1";
}

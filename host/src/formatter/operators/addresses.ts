import { addressText, addressWithoutPort } from "../../common/address.ts";
import type { Address } from "../../contracts/address.ts";
import type { StreamInfo } from "../../contracts/stream-info.ts";
import { toByteText } from "../byte-text.ts";
import { bare, foreignText, numeric, type OperatorTable, plainText } from "../provider.ts";

type GetAddress = (info: StreamInfo) => Address | undefined;
type GetText = (info: StreamInfo) => string | undefined;

/** The operators of one address: with port, without, the port, and the id of an internal address. */
function addressOperators(prefix: string, get: GetAddress): OperatorTable {
  const path = (format: (address: Address) => string): GetText => {
    return (info) => {
      const address = get(info);
      if (address === undefined) return undefined;
      const text = format(address);
      return address.kind === "pipe" ? toByteText(text) : text;
    };
  };
  return {
    [`${prefix}_ADDRESS`]: bare(() => foreignText(path(addressText))),
    [`${prefix}_ADDRESS_WITHOUT_PORT`]: bare(() => foreignText(path(addressWithoutPort))),
    [`${prefix}_PORT`]: bare(() =>
      numeric((info) => {
        const address = get(info);
        return address?.kind === "ip" ? address.port : undefined;
      }),
    ),
    // Envoy prints the empty text for any address that is not internal, and none is.
    [`${prefix}_ADDRESS_ENDPOINT_ID`]: bare(() =>
      plainText((info) => (get(info) === undefined ? undefined : "")),
    ),
  };
}

function text(get: GetText): OperatorTable[string] {
  return bare(() =>
    foreignText((info) => {
      const value = get(info);
      return value === undefined || value === "" ? undefined : toByteText(value);
    }),
  );
}

const hostName: GetText = (info) => {
  const host = info.upstreamInfo?.host;
  return host && (host.hostname || host.addressText);
};

export const addressOperatorTable: OperatorTable = {
  ...addressOperators("DOWNSTREAM_REMOTE", (info) => info.downstreamRemoteAddress),
  ...addressOperators("DOWNSTREAM_DIRECT_REMOTE", (info) => info.downstreamDirectRemoteAddress),
  ...addressOperators("DOWNSTREAM_LOCAL", (info) => info.downstreamLocalAddress),
  // Nothing restores another local address, so the direct one is the same.
  ...addressOperators("DOWNSTREAM_DIRECT_LOCAL", (info) => info.downstreamLocalAddress),
  ...addressOperators("UPSTREAM_LOCAL", (info) => info.upstreamInfo?.localAddress),
  ...addressOperators("UPSTREAM_REMOTE", (info) => info.upstreamInfo?.remoteAddress),
  UPSTREAM_HOST: text((info) => info.upstreamInfo?.host?.addressText),
  UPSTREAM_HOST_NAME: text(hostName),
  UPSTREAM_HOST_NAME_WITHOUT_PORT: text((info) => hostName(info)?.replace(/:[0-9]+$/, "")),
  UPSTREAM_CLUSTER: text(
    (info) => info.upstreamInfo?.clusterObservabilityName || info.upstreamInfo?.clusterName,
  ),
  UPSTREAM_CLUSTER_RAW: text((info) => info.upstreamInfo?.clusterName),
};

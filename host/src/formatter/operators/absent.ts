import { bare, type OperatorFactory, type OperatorTable, plainText, refuse } from "../provider.ts";

const nothing = plainText(() => undefined);
const absent: OperatorFactory = bare(() => nothing);

// Facts of QUIC, of tracing and of fingerprints: nothing here has them, and Envoy prints `-` then too.
const bareNames = ["TLS_JA3_FINGERPRINT", "TLS_JA4_FINGERPRINT", "ROUNDTRIP_DURATION", "TRACE_ID"];

// Envoy has these, and Sluice does not record what they print.
const unsupportedNames = [
  ...["UPSTREAM", "DOWNSTREAM"].flatMap((side) =>
    ["WIRE_BYTES", "HEADER_BYTES", "DECOMPRESSED_HEADER_BYTES"].flatMap((what) => [
      `${side}_${what}_SENT`,
      `${side}_${what}_RECEIVED`,
    ]),
  ),
  ...["UPSTREAM", "DOWNSTREAM"].flatMap((side) => [
    `${side}_LOCAL_CLOSE_REASON`,
    `${side}_DETECTED_CLOSE_TYPE`,
    `${side}_TLS_GROUP`,
  ]),
  "CEL",
  "DOWNSTREAM_HANDSHAKE_DURATION",
  "DOWNSTREAM_LOCAL_OTHERNAME_SAN",
  "DOWNSTREAM_PEER_OTHERNAME_SAN",
  "DOWNSTREAM_CX_RTT",
  "LISTENER_NAME",
  "QUERY_PARAMS",
  "UPSTREAM_CONNECTION_IDS_ATTEMPTED",
  "UPSTREAM_FILTER_STATE",
  "UPSTREAM_HOSTS_ATTEMPTED",
  "UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT",
  "UPSTREAM_HOST_NAMES_ATTEMPTED",
  "UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT",
  "UPSTREAM_SERVER_NAME",
];

const unsupported: OperatorFactory = (command) =>
  refuse(`%${command.name}% of Envoy is not supported (host/docs/access-log.md lists what is)`);

export const absentOperators: OperatorTable = Object.fromEntries([
  ...bareNames.map((name) => [name, absent] as const),
  ...unsupportedNames.map((name) => [name, unsupported] as const),
]);

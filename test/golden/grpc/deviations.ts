/** Refused as Envoy refuses it, in other words: the JSON parser is JavaScript's, the protobuf reader another. */
export const ownWords: ReadonlySet<string> = new Set([
  "body not JSON",
  "body cut off",
  "body more behind",
  "body bad timestamp",
  "body unknown any",
  "body of a form",
  "response reset",
  "client stream cut off",
  "client stream without commas",
  "client stream of lines",
]);

const refusedRequest = {
  status: "400",
  log: "400 - grpc_json_transcode_failure{INVALID_ARGUMENT} Internal -",
};
const refusedResponse = {
  status: "502",
  log: "502 - grpc_json_transcode_failure{INVALID_ARGUMENT} Unavailable -",
};
const resetResponse = {
  status: "200",
  log: "200 - grpc_json_transcode_failure{INVALID_ARGUMENT} Unknown -",
};

/** What Envoy passes on, and Sluice does not. */
export const refused: {
  readonly [name: string]: { readonly status: string; readonly log: string };
} = {
  // No JSON.
  "body single quotes": refusedRequest,
  "body trailing comma": refusedRequest,
  // No protobuf: Envoy gives an empty object for it, and resets where it is to be a body.
  "response not a message": refusedResponse,
  "raw not a message": refusedResponse,
  "stream of bad messages": resetResponse,
  "json_lines: stream of bad messages": resetResponse,
  "json_events: stream of bad messages": resetResponse,
};

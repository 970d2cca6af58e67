import type { AsyncDataSource } from "../../../config/gen/envoy/config/core/v3/base_pb.js";
import type { ParseContext } from "../../../contracts/extension.ts";

/** `envoy.config.core.v3.RemoteDataSource`: where the code of a plugin is fetched. */
export interface RemoteCode {
  readonly uri: string;
  /** `:authority` and `:path` of the request. */
  readonly authority: string;
  readonly path: string;
  readonly cluster: string;
  /** Of one try. */
  readonly timeoutMs: number;
  /** Of the content, in hexadecimal, lower case. */
  readonly sha256: string;
  /** Tries after the first. */
  readonly retries: number;
  /** The wait before a retry grows from the one to the other. */
  readonly retryBaseMs: number;
  readonly retryMaxMs: number;
  /** Refuse the configuration while the code is not there, and fetch it for the next time. */
  readonly nackOnMiss: boolean;
}

const retriesDefault = 1;
const retryBaseDefaultMs = 1000;
/** `max_interval` where it is absent, in base intervals. */
const retryMaxFactor = 10;

type RemoteSource = Extract<AsyncDataSource["specifier"], { case: "remote" }>["value"];

/** Undefined when something was reported. */
export function parseRemoteCode(
  remote: RemoteSource,
  nackOnMiss: boolean,
  context: ParseContext,
): RemoteCode | undefined {
  const source = remote.httpUri;
  if (source === undefined) {
    context.problem(remote, "http_uri", "is missing: it names the address and the cluster");
    return undefined;
  }
  const sha256 = remote.sha256.toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(sha256)) {
    context.problem(remote, "sha256", "must be the SHA-256 of the code: 64 hexadecimal digits");
    return undefined;
  }
  const uri = parseUri(source.uri);
  if (uri === undefined) {
    context.problem(
      source,
      "uri",
      `"${source.uri}" is not the address of a file: http://host/path`,
    );
    return undefined;
  }
  const upstream = source.httpUpstreamType;
  if (upstream.case !== "cluster" || upstream.value === "") {
    context.problem(source, "cluster", "is missing: the code is fetched through a cluster");
    return undefined;
  }
  context.reference("cluster", upstream.value, source, "cluster");
  if (remote.retryPolicy !== undefined && remote.retryPolicy.retryOn !== "") {
    context.problem(remote.retryPolicy, "retry_on", "every failure to fetch is retried");
  }
  const backoff = remote.retryPolicy?.retryBackOff;
  const retryBaseMs = context.durationMs(backoff?.baseInterval, retryBaseDefaultMs);
  return {
    ...uri,
    uri: source.uri,
    cluster: upstream.value,
    timeoutMs: context.durationMs(source.timeout, 0),
    sha256,
    retries: remote.retryPolicy?.numRetries ?? retriesDefault,
    retryBaseMs,
    retryMaxMs: context.durationMs(backoff?.maxInterval, retryBaseMs * retryMaxFactor),
    nackOnMiss,
  };
}

/** As Envoy splits it: the scheme does not matter, the rest of the text is the path. */
function parseUri(uri: string): { authority: string; path: string } | undefined {
  const match = /^(?:https?:\/\/)?([^/?#\s]+)(\/[^\s#]*)?$/i.exec(uri);
  return match === null ? undefined : { authority: match[1]!, path: match[2] ?? "/" };
}

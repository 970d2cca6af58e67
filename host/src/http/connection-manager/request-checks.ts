import { HeaderId } from "../../common/headers/header-id.ts";
import type { RequestHeaderMap } from "../../contracts/headers.ts";
import type { LocalReply } from "../../contracts/http/filter.ts";
import type { Connection } from "../../contracts/network/connection.ts";
import { isGrpcRequest } from "../filter-manager/local-reply.ts";
import type { SharedState } from "./connection-manager-options.ts";
import { normalizeHost } from "./host-normalization.ts";
import { normalizePath, type PathResult } from "./path-normalization.ts";

const missingHost: LocalReply = { code: 400, body: "", details: "missing_host_header" };
const missingPath: LocalReply = { code: 404, body: "", details: "missing_path_rejected" };
const absolutePath: LocalReply = { code: 404, body: "", details: "absolute_path_rejected" };
const badPath: LocalReply = { code: 400, body: "", details: "path_normalization_failed" };

/**
 * Looks whether host and path make sense, and brings them into the configured form. A reply: the request ends
 * here.
 */
export function refusalOf(
  headers: RequestHeaderMap,
  shared: SharedState,
  connection: Connection,
): LocalReply | undefined {
  const host = headers.getId(HeaderId.Authority);
  if (host === undefined) return missingHost;
  const { config, stats } = shared;
  const path = headers.getId(HeaderId.Path) ?? "";
  if (path === "") {
    if (headers.getId(HeaderId.Method) !== "CONNECT") return missingPath;
  } else if (path.charCodeAt(0) !== 47) {
    stats.downstreamRqNonRelativePath.inc();
    return absolutePath;
  } else {
    const result = normalizePath(path, config.path);
    if (result.kind !== "continue") return refusePath(headers, shared, result);
    if (result.path !== path) headers.setId(HeaderId.Path, result.path);
  }
  if (config.stripTrailingHostDot || config.stripPort !== "none") {
    const port = connection.localAddress.kind === "ip" ? connection.localAddress.port : 0;
    const normalized = normalizeHost(host, config, port);
    if (normalized !== host) headers.setId(HeaderId.Authority, normalized);
  }
  return undefined;
}

function refusePath(
  headers: RequestHeaderMap,
  shared: SharedState,
  result: PathResult,
): LocalReply {
  // A gRPC client would not follow.
  if (result.kind !== "redirect" || isGrpcRequest(headers)) {
    shared.stats.downstreamRqFailedPathNormalization.inc();
    return badPath;
  }
  shared.stats.downstreamRqRedirectedWithNormalizedPath.inc();
  const location = result.path;
  return {
    code: 307,
    body: "",
    details: "path_normalization_failed",
    modifyHeaders: (response) => response.setId(HeaderId.Location, location),
  };
}

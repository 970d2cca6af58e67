import { HeaderId } from "../common/headers/header-id.ts";
import type { RequestHeaderMap } from "../contracts/headers.ts";
import type { RedirectConfig } from "./route-config.ts";

const toItself: RedirectConfig = {
  scheme: "",
  host: "",
  port: 0,
  path: "",
  prefixRewrite: "",
  stripQuery: false,
};

/**
 * The `location` for a request; undefined when it has no path. Without a redirect, the request's own URI: direct
 * responses with a 201 or a 3xx status say that.
 */
export function redirectUri(
  headers: RequestHeaderMap,
  redirect: RedirectConfig = toItself,
): string | undefined {
  const requestPath = headers.getId(HeaderId.Path);
  if (requestPath === undefined) return undefined;
  const scheme = redirect.scheme || (headers.getId(HeaderId.Scheme) ?? "");
  const port = redirect.port === 0 ? "" : `:${redirect.port}`;
  const host = redirect.host || requestHost(headers, scheme, port !== "");
  const path = redirectPath(requestPath, redirect);
  return `${scheme}://${host}${port}${path.startsWith("/") ? path : `/${path}`}`;
}

/** The request's host, without its port where the redirect has one, or where it was the old scheme's default. */
function requestHost(headers: RequestHeaderMap, scheme: string, newPort: boolean): string {
  const host = headers.getId(HeaderId.Authority) ?? "";
  const bracket = host.startsWith("[") ? host.lastIndexOf("]:") : -1;
  const colon = host.startsWith("[") ? (bracket < 0 ? -1 : bracket + 1) : host.lastIndexOf(":");
  if (colon < 0) return host;
  const proto = headers.getId(HeaderId.XForwardedProto);
  const port = host.slice(colon);
  const oldDefault =
    scheme !== proto &&
    ((proto === "https" && port === ":443") || (proto === "http" && port === ":80"));
  return newPort || oldDefault ? host.slice(0, colon) : host;
}

function redirectPath(requestPath: string, redirect: RedirectConfig): string {
  const query = requestPath.indexOf("?");
  let path = requestPath;
  if (redirect.path !== "") {
    // A query of the redirect itself replaces the request's, and is never stripped.
    if (redirect.path.includes("?")) return redirect.path;
    path = query < 0 ? redirect.path : redirect.path + requestPath.slice(query);
  }
  const end = redirect.stripQuery ? path.indexOf("?") : -1;
  return end < 0 ? path : path.slice(0, end);
}

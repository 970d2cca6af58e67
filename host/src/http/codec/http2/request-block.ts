import { HeaderId } from "../../../common/headers/header-id.ts";
import { isToken, isValidRequestTarget } from "../../../common/headers/validation.ts";
import { isGoodAuthority } from "../authority.ts";
import { Http2Details, messageError, type Http2Error } from "./errors.ts";
import { FieldBlock } from "./field-block.ts";

function violation(message: string): Http2Error {
  return messageError(Http2Details.MessagingViolation, message);
}

const missing = violation("request without :method, :scheme or :path");
const badMethod = violation(":method is not a token");
const badScheme = violation(":scheme is neither http nor https");
const badPath = violation(":path is not a path");
const badAuthority = violation(":authority or host is not a host with an optional port");
const twoHosts = violation("host differs from :authority");
const badConnect = violation("CONNECT with :path or :scheme, or without :authority");
const noConnect = violation(":protocol, which was not offered (allow_connect)");

/** The head of a request (RFC 9113 section 8.3.1), or its trailers. */
export class RequestBlock extends FieldBlock {
  protected override isPseudo(id: number): boolean {
    return id !== HeaderId.Status;
  }

  /** To be called when the block of a head is complete: what is wrong with it. */
  finish(): Http2Error | undefined {
    if (this.error !== undefined) return this.error;
    const headers = this.headers;
    const method = headers.getId(HeaderId.Method);
    if (method === undefined) return missing;
    if (method !== "GET" && !isToken(method)) return badMethod;
    return this.#authority() ?? (method === "CONNECT" ? this.#connect() : this.#target(method));
  }

  #authority(): Http2Error | undefined {
    const host = this.host;
    const authority = this.headers.getId(HeaderId.Authority);
    if (host !== undefined) {
      if (authority === undefined) this.headers.addId(HeaderId.Authority, host);
      else if (authority.toLowerCase() !== host.toLowerCase()) return twoHosts;
    }
    const named = authority ?? host;
    return named === undefined || named === "" || isGoodAuthority(named) ? undefined : badAuthority;
  }

  #target(method: string): Http2Error | undefined {
    const headers = this.headers;
    const path = headers.getId(HeaderId.Path);
    const scheme = headers.getId(HeaderId.Scheme);
    if (path === undefined || scheme === undefined) return missing;
    if (headers.hasId(HeaderId.Protocol)) return violation(":protocol without CONNECT");
    return checkScheme(scheme) ?? checkPath(path, method);
  }

  /** A tunnel (RFC 9113 section 8.5), or another protocol on this stream (RFC 8441). */
  #connect(): Http2Error | undefined {
    const headers = this.headers;
    const path = headers.getId(HeaderId.Path);
    const scheme = headers.getId(HeaderId.Scheme);
    if (!headers.hasId(HeaderId.Protocol)) {
      const bare = path === undefined && scheme === undefined;
      return bare && headers.hasId(HeaderId.Authority) ? undefined : badConnect;
    }
    if (!this.settings.allowConnect) return noConnect;
    if (path === undefined || scheme === undefined) return missing;
    if (!isToken(headers.getId(HeaderId.Protocol)!)) return badMethod;
    return checkScheme(scheme) ?? checkPath(path, "CONNECT");
  }
}

function checkScheme(scheme: string): Http2Error | undefined {
  if (scheme === "http" || scheme === "https") return undefined;
  const lower = scheme.toLowerCase();
  return lower === "http" || lower === "https" ? undefined : badScheme;
}

function checkPath(path: string, method: string): Http2Error | undefined {
  if (path === "/") return undefined;
  if (path === "*") return method === "OPTIONS" ? undefined : badPath;
  return path.charCodeAt(0) === 47 && isValidRequestTarget(path) ? undefined : badPath;
}

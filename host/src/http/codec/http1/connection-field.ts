import { HeaderId, headerIdOf } from "../../../common/headers/header-id.ts";
import type { HeaderMap } from "../../../contracts/headers.ts";

const mostNominated = 10;

/** Fields that keep their meaning for the next hop, or that carry what the proxy itself says. */
const protectedFields = new Set([
  "host",
  "content-length",
  "transfer-encoding",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-forwarded-port",
  "x-request-id",
  "x-envoy-internal",
  "x-envoy-external-address",
  "x-forwarded-client-cert",
]);

/** Options that name a mechanism; the fields of that name have rules of their own. */
const mechanisms = new Set(["close", "keep-alive", "upgrade", "te", "http2-settings"]);

/**
 * Removes the fields that `Connection` lists (RFC 9110 section 7.6.1). False when it lists one that must
 * reach the next hop, or more than ten: a request that tries to make the proxy forget something is refused.
 */
export function removeNominatedFields(headers: HeaderMap): boolean {
  let nominated = 0;
  for (const value of headers.getAll("connection")) {
    for (const part of value.toLowerCase().split(",", mostNominated + 1)) {
      const name = part.trim();
      if (name === "") continue;
      nominated += 1;
      if (nominated > mostNominated || protectedFields.has(name)) return false;
      if (!mechanisms.has(name)) headers.remove(name);
    }
  }
  return true;
}

/**
 * Takes an offer to go on in HTTP/2 (`Upgrade: h2c`, which RFC 9113 withdrew) out of the head. Such a request
 * is served as the HTTP/1.1 request that it also is.
 */
export function removeH2cUpgrade(headers: HeaderMap): void {
  if (headers.getId(HeaderId.Upgrade)?.toLowerCase() !== "h2c") return;
  headers.removeId(HeaderId.Upgrade);
  headers.remove("http2-settings");
}

/** True for a field that must not come in trailers (RFC 9110 section 6.5.1): framing and routing. */
export function isForbiddenTrailer(name: string): boolean {
  switch (headerIdOf(name)) {
    case HeaderId.ContentLength:
    case HeaderId.TransferEncoding:
    case HeaderId.Connection:
    case HeaderId.Upgrade:
    case HeaderId.Trailer:
    case HeaderId.Te:
      return true;
    default:
      return name === "host";
  }
}

import { addressText } from "../common/address.ts";
import type { Address } from "../contracts/address.ts";

/** The C library's words for what `connect(2)` can answer: they end up in access logs and response bodies. */
const texts: { readonly [code: string]: string } = {
  EACCES: "Permission denied",
  EADDRNOTAVAIL: "Cannot assign requested address",
  EAFNOSUPPORT: "Address family not supported by protocol",
  EAGAIN: "Resource temporarily unavailable",
  ECONNREFUSED: "Connection refused",
  ECONNRESET: "Connection reset by peer",
  EHOSTUNREACH: "No route to host",
  EINVAL: "Invalid argument",
  EMFILE: "Too many open files",
  ENAMETOOLONG: "File name too long",
  ENETUNREACH: "Network is unreachable",
  ENOENT: "No such file or directory",
  ENOTSOCK: "Socket operation on non-socket",
  EPERM: "Operation not permitted",
  EPROTOTYPE: "Protocol wrong type for socket",
  ETIMEDOUT: "Connection timed out",
};

/** What only comes later, by way of the network; everything else `connect(2)` answers at once. */
const delayed = new Set(["ECONNREFUSED", "ECONNRESET", "EHOSTUNREACH", "ETIMEDOUT"]);

/** Envoy's `%UPSTREAM_TRANSPORT_FAILURE_REASON%` for a connection that did not come up. */
export function connectErrorText(error: NodeJS.ErrnoException, address: Address): string {
  const code = error.code ?? "";
  const text = texts[code] ?? (code === "" ? error.message : code);
  return address.kind === "ip" && delayed.has(code)
    ? `delayed connect error: ${text}`
    : `immediate connect error: ${text}|remote address:${addressText(address)}`;
}

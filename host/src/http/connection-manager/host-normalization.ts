import type { HcmConfig } from "./config.ts";

/** Brings `:authority` into the configured form. `localPort`: of the connection; 0 for a Unix socket. */
export function normalizeHost(host: string, config: HcmConfig, localPort: number): string {
  let result = host;
  if (config.stripTrailingHostDot) result = stripTrailingDot(result);
  if (config.stripPort === "none") return result;
  const colon = portColon(result);
  if (colon < 0) return result;
  const port = Number(result.slice(colon + 1));
  return config.stripPort === "any" || port === localPort ? result.slice(0, colon) : result;
}

/** Where a numeric port begins with its colon; -1 when there is none. */
function portColon(host: string): number {
  const colon = host.lastIndexOf(":");
  if (colon < 0 || host.length === colon + 1) return -1;
  // Inside brackets it separates parts of an IPv6 address.
  if (host.indexOf("]", colon) >= 0) return -1;
  return /^\d{1,5}$/.test(host.slice(colon + 1)) ? colon : -1;
}

function stripTrailingDot(host: string): string {
  if (host.endsWith(".")) return host.slice(0, -1);
  const colon = portColon(host);
  if (colon <= 0 || host[colon - 1] !== ".") return host;
  return host.slice(0, colon - 1) + host.slice(colon);
}

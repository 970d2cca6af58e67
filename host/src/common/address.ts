import { isIP, isIPv4 } from "node:net";
import type { Address, IpAddress } from "../contracts/address.ts";

/** `ip` in canonical text; undefined when it is not an IP address. IPv4-mapped addresses become IPv4. */
export function canonicalIp(ip: string): { ip: string; family: 4 | 6 } | undefined {
  const kind = isIP(ip);
  if (kind === 4) return { ip, family: 4 };
  if (kind !== 6 || ip.includes("%")) return undefined;
  const text = new URL(`http://[${ip}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(text);
  if (mapped === null) return { ip: text, family: 6 };
  const high = Number.parseInt(mapped[1]!, 16);
  const low = Number.parseInt(mapped[2]!, 16);
  return { ip: `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`, family: 4 };
}

/** An address from what `net.Socket` reports; undefined when the socket is already gone. */
export function ipAddress(ip: string | undefined, port: number | undefined): IpAddress | undefined {
  if (ip === undefined || port === undefined) return undefined;
  if (isIPv4(ip)) return { kind: "ip", ip, port, family: 4 };
  // The common shape of a dual-stack listener, without the detour over a URL.
  if (ip.startsWith("::ffff:") && isIPv4(ip.slice(7))) {
    return { kind: "ip", ip: ip.slice(7), port, family: 4 };
  }
  const canonical = canonicalIp(ip);
  return canonical && { kind: "ip", ip: canonical.ip, port, family: canonical.family };
}

/** `1.2.3.4:80`, `[::1]:80` or the pipe's path, as Envoy prints addresses. */
export function addressText(address: Address): string {
  if (address.kind === "pipe") return address.path;
  return address.family === 6 ? `[${address.ip}]:${address.port}` : `${address.ip}:${address.port}`;
}

/** The address without its port; a pipe's path as it is. */
export function addressWithoutPort(address: Address): string {
  return address.kind === "pipe" ? address.path : address.ip;
}

/** True for 127.0.0.0/8 and ::1. */
export function isLoopback(address: Address): boolean {
  return (
    address.kind === "ip" &&
    (address.family === 4 ? address.ip.startsWith("127.") : address.ip === "::1")
  );
}

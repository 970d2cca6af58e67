import type { EphemeralKeyInfo } from "node:tls";

/** OpenSSL's names for the curves that Envoy calls otherwise. */
const names: { readonly [name: string]: string } = {
  prime256v1: "P-256",
  secp384r1: "P-384",
  secp521r1: "P-521",
};

/** The curve of a key exchange as Envoy counts it; empty when there was none. */
export function curveName(info: EphemeralKeyInfo | object | null): string {
  const name = info !== null && "name" in info ? info.name : undefined;
  return typeof name === "string" ? (names[name] ?? name) : "";
}

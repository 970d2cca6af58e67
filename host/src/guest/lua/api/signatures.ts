import { createPublicKey, type KeyObject, verify } from "node:crypto";

/** Hash functions of `verifySignature`, as Envoy names them. */
const hashes = new Set(["sha1", "sha224", "sha256", "sha384", "sha512"]);

/** The key in a DER SubjectPublicKeyInfo; undefined when there is none. */
export function importPublicKey(der: Buffer): KeyObject | undefined {
  try {
    return createPublicKey({ key: der, format: "der", type: "spki" });
  } catch {
    return undefined;
  }
}

/** Undefined when the signature is right (RSA: PKCS#1 v1.5, EC: ECDSA in DER); else why it is not accepted. */
export function signatureProblem(
  hash: string,
  key: KeyObject,
  signature: Buffer,
  data: Buffer,
): string | undefined {
  if (!hashes.has(hash.toLowerCase())) return `${hash} is not supported.`;
  try {
    if (verify(hash.toLowerCase(), data, key, signature)) return undefined;
  } catch {
    return "Failed to initialize digest verify.";
  }
  return "Failed to verify digest. Error code: 0";
}

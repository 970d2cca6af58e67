import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { STATUS_BAD_ARGUMENT, STATUS_OK } from "@sluice/abi";
import { bytesField, readProto, writeProto } from "./proto-fields.ts";
import type { ForeignResult } from "./foreign-functions.ts";

/** Bits of the largest RSA or DSA key that is used: the time that one takes grows with their third power. */
const keyBitsMax = 8192;

const noPrivateKey = "Invalid key type: private key required for signing operation.";
const hashes = ["sha1", "sha224", "sha256", "sha384", "sha512"];

/** `VerifySignatureArguments` to `VerifySignatureResult`. BadArgument without a key, and with both. */
export function verifySignature(args: Uint8Array): ForeignResult {
  const fields = readProto(args);
  if (fields === undefined) return { status: STATUS_BAD_ARGUMENT };
  const hash = Buffer.from(bytesField(fields, 1)).toString();
  const der = bytesField(fields, 2);
  const pem = bytesField(fields, 5);
  if (der.length > 0 === pem.length > 0) return { status: STATUS_BAD_ARGUMENT };
  const answer = (error: string): ForeignResult => ({
    status: STATUS_OK,
    bytes: writeProto(
      { number: 1, value: error === "" ? 1 : 0 },
      { number: 2, value: Buffer.from(error) },
    ),
  });
  if (!hashes.includes(hash.toLowerCase())) return answer(`${hash} is not supported.`);
  const key = keyOf(() =>
    der.length > 0
      ? createPublicKey({ key: Buffer.from(der), format: "der", type: "spki" })
      : createPublicKey(Buffer.from(pem)),
  );
  if (key === undefined) return answer("Failed to initialize digest verify.");
  const good = attempt(() =>
    verify(hash.toLowerCase(), bytesField(fields, 4), key, bytesField(fields, 3)),
  );
  return answer(good === true ? "" : "Failed to verify digest. Error code: 0");
}

/** `SignArguments` to `SignResult`. BadArgument without a key, and with both. */
export function signText(args: Uint8Array): ForeignResult {
  const fields = readProto(args);
  if (fields === undefined) return { status: STATUS_BAD_ARGUMENT };
  const hash = Buffer.from(bytesField(fields, 1)).toString();
  const der = bytesField(fields, 2);
  const pem = bytesField(fields, 4);
  if (der.length > 0 === pem.length > 0) return { status: STATUS_BAD_ARGUMENT };
  const answer = (signature: Uint8Array, error: string): ForeignResult => ({
    status: STATUS_OK,
    bytes: writeProto(
      { number: 1, value: error === "" ? 1 : 0 },
      { number: 2, value: signature },
      { number: 3, value: Buffer.from(error) },
    ),
  });
  if (!hashes.includes(hash.toLowerCase())) {
    return answer(new Uint8Array(0), `${hash} is not supported.`);
  }
  const key = keyOf(() =>
    der.length > 0
      ? createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" })
      : createPrivateKey(Buffer.from(pem)),
  );
  if (key === undefined) return answer(new Uint8Array(0), noPrivateKey);
  const signature = attempt(() => sign(hash.toLowerCase(), bytesField(fields, 3), key));
  return signature === undefined
    ? answer(new Uint8Array(0), "Failed to create signature.")
    : answer(signature, "");
}

function keyOf(read: () => KeyObject): KeyObject | undefined {
  const key = attempt(read);
  const bits = key?.asymmetricKeyDetails?.modulusLength ?? 0;
  return bits > keyBitsMax ? undefined : key;
}

/** What a guest gives is often no key, or no key of that kind; which is told as an exception. */
function attempt<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch {
    return undefined;
  }
}

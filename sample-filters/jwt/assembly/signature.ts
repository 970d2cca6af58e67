import { callForeignFunction, Status } from "@sluice/sdk-assemblyscript/assembly";
import { hmacSha256 } from "./sha256";

/** HS256: whether `signature` is that of `text` by the secret. */
export function isSignedBySecret(text: string, signature: Uint8Array, secret: Uint8Array): bool {
  const right = hmacSha256(secret, bytesOf(text));
  if (right.length != signature.length) return false;
  // Takes as long for any difference.
  let difference = 0;
  for (let i = 0; i < right.length; i++) difference |= right[i] ^ signature[i];
  return difference == 0;
}

/** RS256 and, with a signature as `derOf` makes it, ES256: by a public key in DER. The proxy does it. */
export function isSignedByKey(text: string, signature: Uint8Array, key: Uint8Array): bool {
  const request = new Fields();
  request.add(1, bytesOf("sha256"));
  request.add(2, key);
  request.add(3, signature);
  request.add(4, bytesOf(text));
  const result = callForeignFunction("verify_signature", request.bytes.buffer);
  if (result.status != Status.Ok || result.bytes.byteLength < 2) return false;
  // Field 1, a bool: true.
  return load<u16>(changetype<usize>(result.bytes)) == 0x0108;
}

/** The two numbers of an ES256 signature, as ASN.1 has them. Null: these are no two numbers. */
export function derOf(signature: Uint8Array): Uint8Array | null {
  if (signature.length != 64) return null;
  const first = integer(signature.subarray(0, 32));
  const second = integer(signature.subarray(32));
  const der = new Uint8Array(2 + first.length + second.length);
  der[0] = 0x30;
  der[1] = <u8>(first.length + second.length);
  der.set(first, 2);
  der.set(second, 2 + first.length);
  return der;
}

/** Without leading zeros, but for one where the first bit would be a sign. */
function integer(number: Uint8Array): Uint8Array {
  let start = 0;
  while (start < number.length - 1 && number[start] == 0) start += 1;
  const sign = number[start] >> 7;
  const length = number.length - start + sign;
  const der = new Uint8Array(2 + length);
  der[0] = 0x02;
  der[1] = <u8>length;
  der.set(number.subarray(start), 2 + sign);
  return der;
}

export function bytesOf(text: string): Uint8Array {
  return Uint8Array.wrap(String.UTF8.encode(text));
}

/** A protobuf message of bytes fields. */
class Fields {
  bytes: Uint8Array = new Uint8Array(0);

  add(field: u8, value: Uint8Array): void {
    const before = this.bytes;
    let sizeOfLength = 1;
    for (let rest = value.length >> 7; rest > 0; rest >>= 7) sizeOfLength += 1;
    const bytes = new Uint8Array(before.length + 1 + sizeOfLength + value.length);
    bytes.set(before);
    let at = before.length;
    bytes[at++] = (field << 3) | 2;
    let length = value.length;
    for (; length > 0x7f; length >>= 7) bytes[at++] = <u8>(length | 0x80);
    bytes[at++] = <u8>length;
    bytes.set(value, at);
    this.bytes = bytes;
  }
}

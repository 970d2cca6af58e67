import { Log } from "@sluice/sdk-assemblyscript/assembly";
import { decodeBase64 } from "./base64url";
import { Settings } from "./settings";
import { bytesOf } from "./signature";

/** What tokens may be signed with. */
export class Key {
  constructor(
    readonly kid: string,
    readonly alg: string,
    /** Of HS256 the secret's bytes, else the public key in DER. */
    readonly material: Uint8Array,
  ) {}
}

/** Null: a key is wrong, and the log says why. */
export function keysOf(settings: Settings): Key[] | null {
  const keys: Key[] = [];
  for (let i = 0; i < settings.keys.length; i++) {
    const before = keys.length;
    const key = settings.keys[i];
    if (key.alg == "HS256") {
      if (key.secret.length >= 32) keys.push(new Key(key.kid, key.alg, bytesOf(key.secret)));
      else wrong(i, "secret", "must have 32 characters or more");
    } else if (key.alg == "RS256" || key.alg == "ES256") {
      const der = decodeBase64(key.publicKey);
      if (der !== null && der.length > 0) keys.push(new Key(key.kid, key.alg, der));
      else wrong(i, "publicKey", "must be a public key in base64, as a PEM file has it");
    } else wrong(i, "alg", "must be HS256, RS256 or ES256");
    if (keys.length == before) return null;
  }
  return keys;
}

function wrong(index: i32, name: string, message: string): void {
  Log.error(`configuration: $.keys[${index}].${name}: ${message}`);
}

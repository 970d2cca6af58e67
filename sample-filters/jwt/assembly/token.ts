import { currentTimeMilliseconds, JsonValue, parseJson } from "@sluice/sdk-assemblyscript/assembly";
import { decodeBase64Url } from "./base64url";
import { Key } from "./key";
import { Settings } from "./settings";
import { derOf, isSignedByKey, isSignedBySecret } from "./signature";

/** A JSON Web Token (RFC 7519) that has been looked at. */
export class Verdict {
  constructor(
    /** Why it is refused; empty: it is valid. */
    readonly problem: string,
    /** Claim `sub`, if any. */
    readonly subject: string | null = null,
  ) {}
}

export function verify(token: string, keys: Key[], settings: Settings): Verdict {
  const parts = token.split(".");
  if (parts.length != 3) return new Verdict("this is no token");
  const header = jsonObject(parts[0]);
  const claims = jsonObject(parts[1]);
  const signature = decodeBase64Url(parts[2]);
  if (header === null || claims === null || signature === null) {
    return new Verdict("this is no token");
  }
  // Extensions that must be understood: none are.
  if (header.member("crit") !== null) return new Verdict("it needs an extension");
  const isGood = isSigned(`${parts[0]}.${parts[1]}`, signature, header, keys);
  if (!isGood) return new Verdict("the signature is wrong");
  return new Verdict(problemOf(claims, settings), text(claims, "sub"));
}

/** The token says which key; each key is used for its own algorithm only. */
function isSigned(signed: string, signature: Uint8Array, header: JsonValue, keys: Key[]): bool {
  const alg = text(header, "alg");
  const kid = text(header, "kid");
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    if (alg === null || key.alg != alg) continue;
    if (kid !== null && key.kid != kid) continue;
    if (fits(signed, signature, key)) return true;
  }
  return false;
}

function fits(signed: string, signature: Uint8Array, key: Key): bool {
  if (key.alg == "HS256") return isSignedBySecret(signed, signature, key.material);
  if (key.alg == "RS256") return isSignedByKey(signed, signature, key.material);
  const der = derOf(signature);
  return der !== null && isSignedByKey(signed, der, key.material);
}

function problemOf(claims: JsonValue, settings: Settings): string {
  const now = <f64>(currentTimeMilliseconds() / 1000);
  const leeway = <f64>settings.leewaySeconds;
  const expires = claims.member("exp");
  if (expires === null || !expires.isNumber()) return "it says not how long it holds";
  if (now >= expires.number + leeway) return "it has expired";
  const from = claims.member("nbf");
  if (from !== null && (!from.isNumber() || now + leeway < from.number))
    return "it is not yet valid";
  if (settings.issuer != "") {
    const issuer = text(claims, "iss");
    if (issuer === null || issuer != settings.issuer) return "the issuer is wrong";
  }
  if (settings.audience != "" && !isFor(settings.audience, claims.member("aud"))) {
    return "it is for somebody else";
  }
  return "";
}

/** `aud` is a text or a list of texts. */
function isFor(audience: string, claim: JsonValue | null): bool {
  if (claim === null) return false;
  if (claim.isText()) return claim.text == audience;
  for (let i = 0; i < claim.items.length; i++) {
    if (claim.items[i].isText() && claim.items[i].text == audience) return true;
  }
  return false;
}

function jsonObject(part: string): JsonValue | null {
  const bytes = decodeBase64Url(part);
  if (bytes === null) return null;
  const value = parseJson(String.UTF8.decode(bytes.buffer)).value;
  return value !== null && value.isObject() ? value : null;
}

function text(object: JsonValue, name: string): string | null {
  const member = object.member(name);
  return member !== null && member.isText() ? member.text : null;
}

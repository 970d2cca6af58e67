import { ConfigObject } from "@sluice/sdk-assemblyscript/assembly";

class KeySettings extends ConfigObject {
  /** Tokens name it; a token without a name is tried with every key. */
  kid: string = "";
  /** HS256, RS256 or ES256. */
  alg!: string;
  /** Of HS256. */
  secret: string = "";
  /** Of the others: SubjectPublicKeyInfo in base64. */
  publicKey: string = "";
}

export class Settings extends ConfigObject {
  keys!: KeySettings[];
  /** What `iss` must be; empty: anything. */
  issuer: string = "";
  /** What must be in `aud`; empty: anything. */
  audience: string = "";
  /** By how much clocks may differ. */
  leewaySeconds: u32 = 60;
}

import type { SecureContextOptions } from "node:tls";
import type { ValidationConfig } from "../../../contracts/secret.ts";
import type { TlsParametersConfig } from "./context-config.ts";

/** What the contexts of both sides are made with. */
export function contextOptions(
  parameters: TlsParametersConfig,
  validation: ValidationConfig | undefined,
): SecureContextOptions {
  return {
    minVersion: parameters.minVersion,
    maxVersion: parameters.maxVersion,
    ciphers: parameters.ciphers,
    ecdhCurve: parameters.curves,
    ...(parameters.signatureAlgorithms === "" ? {} : { sigalgs: parameters.signatureAlgorithms }),
    // Without an authority of its own Node would trust the public ones.
    ca: validation?.trustedCa === undefined ? [] : [validation.trustedCa],
    // An authority below another is trusted for itself, as in BoringSSL.
    allowPartialTrustChain: true,
    ...(validation?.crl === undefined ? {} : { crl: validation.crl }),
  };
}

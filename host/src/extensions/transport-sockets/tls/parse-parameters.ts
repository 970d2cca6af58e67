import type { SecureContextOptions } from "node:tls";
import { nodeTls } from "../../../common/x509/node-tls.ts";
import type { TlsParameters } from "../../../config/gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js";
import type { ParseContext } from "../../../contracts/extension.ts";
import type { TlsParametersConfig, TlsVersion } from "./context-config.ts";

/** `TlsProtocol` by number; 0 leaves it to the default. */
const versions: readonly (TlsVersion | undefined)[] = [
  undefined,
  "TLSv1",
  "TLSv1.1",
  "TLSv1.2",
  "TLSv1.3",
];

const defaultCiphers = [
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-RSA-CHACHA20-POLY1305",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
];
/** As in Envoy, TLS 1.3 has its own three and no configuration changes them. */
const tls13Ciphers = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
];
const defaultCurves = ["X25519MLKEM768", "X25519", "P-256"];

/** What stands for a version that is not given. */
interface VersionDefaults {
  readonly min: TlsVersion;
  readonly max: TlsVersion;
}

export const serverVersions: VersionDefaults = { min: "TLSv1.2", max: "TLSv1.3" };
/** As in Envoy, TLS 1.3 with a server must be asked for. */
export const clientVersions: VersionDefaults = { min: "TLSv1.2", max: "TLSv1.2" };

/** `TlsParameters`, each name tried out by itself so that the wrong one can be named. */
export function parseTlsParameters(
  message: TlsParameters | undefined,
  defaults: VersionDefaults,
  context: ParseContext,
): TlsParametersConfig {
  const minVersion = versions[message?.tlsMinimumProtocolVersion ?? 0] ?? defaults.min;
  const maxVersion = versions[message?.tlsMaximumProtocolVersion ?? 0] ?? defaults.max;
  const ciphers = message?.cipherSuites.flatMap(withoutGroups) ?? [];
  if (message !== undefined) {
    if (versions.indexOf(minVersion) > versions.indexOf(maxVersion)) {
      const text = `the oldest version, ${minVersion}, is newer than the newest, ${maxVersion}`;
      context.problem(message, "tls_minimum_protocol_version", text);
    }
    checkNames(message, ciphers, context);
  }
  return {
    minVersion,
    maxVersion,
    ciphers: [...(ciphers.length === 0 ? defaultCiphers : ciphers), ...tls13Ciphers].join(":"),
    curves: (message?.ecdhCurves.length ? message.ecdhCurves : defaultCurves).join(":"),
    signatureAlgorithms: message?.signatureAlgorithms.join(":") ?? "",
  };
}

/** `[A|B]` is BoringSSL's "equally good"; OpenSSL only has an order. */
function withoutGroups(cipher: string): string[] {
  return cipher.startsWith("[") && cipher.endsWith("]") ? cipher.slice(1, -1).split("|") : [cipher];
}

function checkNames(
  message: TlsParameters,
  ciphers: readonly string[],
  context: ParseContext,
): void {
  for (const name of ciphers) {
    // Node takes a name of TLS 1.3 for what it is; the others go to OpenSSL, which must know them.
    const known = !name.startsWith("TLS_") && isTaken({ ciphers: name });
    if (known) continue;
    const text = `Failed to initialize cipher suites: '${name}' was rejected; TLS 1.3 suites cannot be chosen`;
    context.problem(message, "cipher_suites", text);
  }
  for (const name of message.ecdhCurves) {
    if (isTaken({ ecdhCurve: name })) continue;
    context.problem(
      message,
      "ecdh_curves",
      `Failed to initialize ECDH curves: '${name}' is not known`,
    );
  }
  for (const name of message.signatureAlgorithms) {
    if (isTaken({ sigalgs: name })) continue;
    const text = `Failed to initialize TLS signature algorithms: '${name}' is not known`;
    context.problem(message, "signature_algorithms", text);
  }
}

function isTaken(options: SecureContextOptions): boolean {
  try {
    nodeTls().createSecureContext(options);
    return true;
  } catch {
    return false;
  }
}

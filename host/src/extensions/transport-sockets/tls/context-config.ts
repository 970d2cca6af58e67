/** `DownstreamTlsContext` as plain data: everything was read and fits together. */
export interface ServerTlsConfig {
  readonly certificates: readonly CertificateConfig[];
  /** In the order of preference. */
  readonly alpnProtocols: readonly string[];
  readonly parameters: TlsParametersConfig;
  readonly validation: ValidationConfig | undefined;
  readonly requireClientCertificate: boolean;
  readonly requireSni: boolean;
  /** Without: sessions cannot be resumed. 48 random bytes, the same on all workers as long as the server runs. */
  readonly ticketKey: Uint8Array | undefined;
  /** Seconds; 0 = OpenSSL's default. */
  readonly sessionTimeoutSeconds: number;
}

/** A certificate chain with its key, in PEM. */
export interface CertificateConfig {
  readonly chain: string;
  readonly key: string;
  readonly password: string | undefined;
  /** `RSA`, `EC` …: for clients that understand only some. */
  readonly keyType: string;
  /** DNS names that it is for, in lower case; `*.` in front stands for one label. */
  readonly names: readonly string[];
}

/** `TlsParameters` in OpenSSL's words. */
export interface TlsParametersConfig {
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  readonly ciphers: string;
  readonly curves: string;
  /** Empty: OpenSSL's own. */
  readonly signatureAlgorithms: string;
}

export type TlsVersion = "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";

/** `CertificateValidationContext`. */
export interface ValidationConfig {
  /** PEM; undefined: the chain is not verified. */
  readonly trustedCa: string | undefined;
  readonly crl: string | undefined;
  readonly sanMatchers: readonly SanMatcherConfig[];
  /** SHA-256 of the certificate, lower hex. */
  readonly certificateHashes: readonly string[];
  /** SHA-256 of the SubjectPublicKeyInfo, base64. */
  readonly spkiHashes: readonly string[];
  readonly acceptUntrusted: boolean;
}

/** `SubjectAltNameMatcher`. */
export interface SanMatcherConfig {
  readonly type: "DNS" | "URI" | "EMAIL" | "IP_ADDRESS";
  readonly match: "exact" | "prefix" | "suffix" | "contains";
  readonly text: string;
  readonly ignoreCase: boolean;
}

import type { MaterialSlots } from "../../../contracts/secret.ts";

/** `DownstreamTlsContext` as plain data: everything that is written into it was read and fits together. */
export interface ServerTlsConfig {
  readonly material: MaterialSlots;
  /** In the order of preference. */
  readonly alpnProtocols: readonly string[];
  readonly parameters: TlsParametersConfig;
  /** File of `key_log`; undefined: none. */
  readonly keyLogPath: string | undefined;
  readonly requireClientCertificate: boolean;
  readonly requireSni: boolean;
  readonly preferClientCiphers: boolean;
  /** Seconds; 0 = OpenSSL's default. */
  readonly sessionTimeoutSeconds: number;
}

/** `UpstreamTlsContext`, likewise. */
export interface ClientTlsConfig {
  readonly material: MaterialSlots;
  /** In the order of preference; empty: what the connection offers by itself. */
  readonly alpnProtocols: readonly string[];
  readonly parameters: TlsParametersConfig;
  /** File of `key_log`; undefined: none. */
  readonly keyLogPath: string | undefined;
  /** `sni`; empty = none is sent. */
  readonly serverName: string;
  /** `auto_host_sni`: the endpoint's hostname instead, where it has one. */
  readonly usesHostname: boolean;
  /** `auto_sni_san_validation`: the name that is sent must be in the certificate. */
  readonly verifiesServerName: boolean;
  /** Sessions that are kept for resumption. */
  readonly maxSessionKeys: number;
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

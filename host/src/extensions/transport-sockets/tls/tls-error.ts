/** An error as Node gives it for a failed handshake: the reason is OpenSSL's text. */
export interface HandshakeError extends NodeJS.ErrnoException {
  readonly library?: string;
  readonly reason?: string;
}

/** BoringSSL's numbers, for the texts that operators look for; alerts are 1000 + the alert's number. */
const reasonNumbers: { readonly [reason: string]: number } = {
  CERTIFICATE_VERIFY_FAILED: 125,
  EXCESSIVE_MESSAGE_SIZE: 150,
  HTTPS_PROXY_REQUEST: 155,
  HTTP_REQUEST: 156,
  HANDSHAKE_FAILURE_ON_CLIENT_HELLO: 154,
  NO_SHARED_CIPHER: 184,
  PEER_DID_NOT_RETURN_A_CERTIFICATE: 192,
  UNEXPECTED_MESSAGE: 223,
  UNSUPPORTED_PROTOCOL: 240,
  WRONG_VERSION_NUMBER: 247,
  SSLV3_ALERT_HANDSHAKE_FAILURE: 1040,
  SSLV3_ALERT_BAD_CERTIFICATE: 1042,
  SSLV3_ALERT_CERTIFICATE_REVOKED: 1044,
  SSLV3_ALERT_CERTIFICATE_EXPIRED: 1045,
  SSLV3_ALERT_CERTIFICATE_UNKNOWN: 1046,
  TLSV1_ALERT_UNKNOWN_CA: 1048,
  TLSV1_ALERT_PROTOCOL_VERSION: 1070,
};

/** BoringSSL's library number of TLS. */
const sslLibrary = 0x10_000_000;
/** And that of errors of the system, to which their number is added. */
const systemLibrary = 0x2_000_000;

/** OpenSSL's reason in Envoy's form, `WRONG_VERSION_NUMBER`; empty when the error is none of TLS. */
export function tlsReason(error: HandshakeError): string {
  const { reason } = error;
  if (reason === undefined) return "";
  return reason
    .replace(/^ssl\/tls alert/, "sslv3 alert")
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, "_");
}

/** `TLS_error:|268435703:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end` */
export function tlsErrorText(reason: string, detail = ""): string {
  if (reason === "") return "";
  const end = detail === "" ? "" : `:${detail}`;
  return `TLS_error:|${errorPart(reason)}${end}:TLS_error_end`;
}

/** One of the errors in it. */
export function errorPart(reason: string): string {
  const number = reasonNumbers[reason];
  const prefix = number === undefined ? "" : `${sslLibrary + number}:`;
  return `${prefix}SSL routines:OPENSSL_internal:${reason}`;
}

/** The same for an error of the socket; empty when it is none. */
export function systemErrorText({ code, errno }: NodeJS.ErrnoException): string {
  if (code !== "ECONNRESET" || errno === undefined) return "";
  return `TLS_error:|${systemLibrary - errno}:system library:OPENSSL_internal:Connection reset by peer:TLS_error_end`;
}

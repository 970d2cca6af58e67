// A malformed message ends the connection in both. Sluice says so by a GOAWAY first (RFC 9113 section 5.4.1).
const malformedField = "GOAWAY 1 | HTTP/2 0 DPE http2.invalid.header.field -";
const malformedMessage = "GOAWAY 1 | HTTP/2 0 DPE http2.violation.of.messaging.rule -";

/** Where Sluice does something else than Envoy. */
export const deviations: { readonly [name: string]: string } = {
  "upper case": malformedField,
  "connection field": malformedField,
  "no path": malformedMessage,
  "trailers that do not end": malformedMessage,
  // Envoy names its own reset as the client's.
  "length mismatch": "RST 1 | HTTP/2 0 DPE http2.content_length_mismatch -",
};

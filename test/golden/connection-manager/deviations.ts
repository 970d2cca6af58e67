/** Requests that we answer otherwise than Envoy, and why. Keys: the request, or `scenario: request`. */
export const deviations: { readonly [request: string]: string } = {
  "GET / HTTP/1.1\r\nHost: h.com\r\nx-request-id: a\r\nx-request-id: b\r\n\r\n":
    "Envoy joins the two lines with a comma; we keep two lines, which means the same (RFC 9110 section 5.2)",
  "GET /a#fragment HTTP/1.1\r\nHost: h.com\r\n\r\n":
    "400 either way; our codec already refuses the character (RFC 9112 section 3.2)",
  "GET /a?b#fragment HTTP/1.1\r\nHost: h.com\r\n\r\n": "the same",
  "GET http://other.com:81?q HTTP/1.1\r\nHost: h.com\r\n\r\n":
    "Envoy answers 404; an empty path in absolute form is `/` (RFC 9110 section 4.2.3)",
};

export const unknown = "unknown";
/** What has come fits more than one protocol. */
export const tooEarly = "";

const methods = ["GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "OPTIONS ", "PATCH ", "CONNECT "];
const http2 = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** The protocol that a connection begins with. */
export function protocolOf(bytes: Uint8Array): string {
  if (bytes.length == 0) return tooEarly;
  // A handshake record of TLS.
  if (bytes[0] == 0x16) return bytes.length == 1 ? tooEarly : bytes[1] == 3 ? "tls" : unknown;
  if (bytes[0] == 0x2a) return "redis";
  let mayBecome = false;
  if (begins(bytes, http2)) return "http2";
  if (mayBegin(bytes, http2)) mayBecome = true;
  if (begins(bytes, "SSH-")) return "ssh";
  if (mayBegin(bytes, "SSH-")) mayBecome = true;
  for (let i = 0; i < methods.length; i++) {
    if (begins(bytes, methods[i])) return "http1";
    if (mayBegin(bytes, methods[i])) mayBecome = true;
  }
  return mayBecome ? tooEarly : unknown;
}

function begins(bytes: Uint8Array, text: string): bool {
  return bytes.length >= text.length && fits(bytes, text, text.length);
}

/** Whether it is shorter than `text` and could become it. */
function mayBegin(bytes: Uint8Array, text: string): bool {
  return bytes.length < text.length && fits(bytes, text, bytes.length);
}

function fits(bytes: Uint8Array, text: string, length: i32): bool {
  for (let i = 0; i < length; i++) if (bytes[i] != text.charCodeAt(i)) return false;
  return true;
}

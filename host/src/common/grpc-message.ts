/** Text as `grpc-message` carries it (gRPC over HTTP/2, "Percent-Encoded"): controls, `%`, and all from `~` on. */
export function percentEncode(text: string): string {
  let out = "";
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (c >= 32 && c < 126 && c !== 37) out += text[i];
    else out += `%${c.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out;
}

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

/** The text of a `grpc-message`, one character per byte; what is no escape stays. */
export function percentDecode(value: string): string {
  return value.replaceAll(/%([0-9A-Fa-f]{2})/g, (_all, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

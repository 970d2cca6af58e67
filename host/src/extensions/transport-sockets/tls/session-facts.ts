/** What Node gives of a session only in its serialized form (OpenSSL's SSL_SESSION in DER). */
export interface SessionFacts {
  /** IANA's number; 0xffff when unknown. */
  readonly ciphersuiteId: number;
  /** Lower hex. */
  readonly sessionId: string;
}

/** SEQUENCE { INTEGER, INTEGER, OCTET STRING cipher, OCTET STRING session id, … } */
export function sessionFacts(session: Buffer | undefined): SessionFacts {
  const none = { ciphersuiteId: 0xffff, sessionId: "" };
  if (session === undefined) return none;
  const sequence = element(session, 0);
  if (sequence === undefined) return none;
  const parts: Buffer[] = [];
  for (let at = sequence.start; parts.length < 4;) {
    const part = element(session, at);
    if (part === undefined) return none;
    parts.push(session.subarray(part.start, part.end));
    at = part.end;
  }
  const cipher = parts[2]!;
  if (cipher.length !== 2) return none;
  return { ciphersuiteId: cipher.readUInt16BE(0), sessionId: parts[3]!.toString("hex") };
}

/** Where the content of the DER element at `at` lies. */
function element(der: Buffer, at: number): { start: number; end: number } | undefined {
  const first = der[at + 1];
  if (first === undefined) return undefined;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (lengthBytes > 4 || at + 2 + lengthBytes > der.length) return undefined;
  const length = lengthBytes === 0 ? first : der.readUIntBE(at + 2, lengthBytes);
  const start = at + 2 + lengthBytes;
  return start + length > der.length ? undefined : { start, end: start + length };
}

/** The object identifiers of a certificate's extensions (RFC 5280 section 4.1), in their order. */
export function certificateExtensionOids(der: Buffer): string[] {
  const certificate = elements(der)[0];
  const toBeSigned = certificate && elements(certificate.content)[0];
  const explicit =
    toBeSigned && elements(toBeSigned.content).find(({ tag }) => tag === extensionsTag);
  const list = explicit && elements(explicit.content)[0];
  if (list === undefined) return [];
  const oids: string[] = [];
  for (const extension of elements(list.content)) {
    const id = elements(extension.content)[0];
    if (id !== undefined) oids.push(oidText(id.content));
  }
  return oids;
}

/** `[3] EXPLICIT` of TBSCertificate. */
const extensionsTag = 0xa3;

interface Element {
  readonly tag: number;
  readonly content: Buffer;
}

/** The DER elements that lie one after the other in `der`. */
function elements(der: Buffer): Element[] {
  const found: Element[] = [];
  let at = 0;
  while (at + 1 < der.length) {
    const tag = der[at]!;
    const first = der[at + 1]!;
    const lengthBytes = first < 0x80 ? 0 : Math.min(first & 0x7f, 4);
    if (at + 2 + lengthBytes > der.length) break;
    const length = lengthBytes === 0 ? first & 0x7f : der.readUIntBE(at + 2, lengthBytes);
    const start = at + 2 + lengthBytes;
    found.push({ tag, content: der.subarray(start, start + length) });
    at = start + length;
  }
  return found;
}

function oidText(content: Buffer): string {
  const parts: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    if (parts.length === 0) {
      const first = Math.min(Math.floor(value / 40), 2);
      parts.push(first, value - first * 40);
    } else parts.push(value);
    value = 0;
  }
  return parts.join(".");
}

/** What a ClientHello says of the server that it wants. */
export interface ClientHello {
  /** In lower case; empty when none. */
  readonly serverName: string;
  /** In the client's order; empty when none. */
  readonly applicationProtocols: readonly string[];
  /** Bytes of the records that the hello took. */
  readonly length: number;
}

const recordHeaderBytes = 5;
const handshakeRecord = 22;
const clientHello = 1;
/** Of a ClientHello; as much as BoringSSL takes. */
const helloBytesMax = 16_384;
const serverNameExtension = 0;
const alpnExtension = 16;
const hostName = 0;

/**
 * Reads the first message of a TLS client (RFC 8446 sections 4.1.2 and 5.1), which may be spread over several
 * records. `more`: it is not complete; `not tls`: it is none.
 */
export function readClientHello(bytes: Buffer): ClientHello | "more" | "not tls" {
  const message: Buffer[] = [];
  let held = 0;
  let needed = 4;
  let at = 0;
  while (held < needed) {
    const length = recordLength(bytes, at);
    if (typeof length !== "number") return length;
    at += recordHeaderBytes + length;
    if (at > bytes.length) {
      // A wrong type shows in the first byte already.
      const first = bytes[recordHeaderBytes];
      return first !== undefined && held === 0 && first !== clientHello ? "not tls" : "more";
    }
    message.push(bytes.subarray(at - length, at));
    held += length;
    if (held < 4) continue;
    const head = message.length === 1 ? message[0]! : Buffer.concat(message);
    if (head[0] !== clientHello) return "not tls";
    needed = 4 + head.readUIntBE(1, 3);
    if (needed > helloBytesMax) return "not tls";
  }
  return readMessage(Buffer.concat(message, held).subarray(4, needed), at);
}

/** Of the record at `at`, whose header may be incomplete. */
function recordLength(bytes: Buffer, at: number): number | "more" | "not tls" {
  if (at < bytes.length && bytes[at] !== handshakeRecord) return "not tls";
  if (at + 1 < bytes.length && bytes[at + 1] !== 3) return "not tls";
  if (at + recordHeaderBytes > bytes.length) return "more";
  const length = bytes.readUInt16BE(at + 3);
  return length === 0 || length > helloBytesMax ? "not tls" : length;
}

function readMessage(hello: Buffer, length: number): ClientHello | "not tls" {
  const reader = new Reader(hello);
  // legacy_version, random, legacy_session_id, cipher_suites, legacy_compression_methods
  reader.skip(2 + 32);
  reader.vector(1);
  reader.vector(2);
  reader.vector(1);
  if (reader.failed) return "not tls";
  let serverName = "";
  let applicationProtocols: readonly string[] = [];
  if (reader.left > 0) {
    const extensions = new Reader(reader.vector(2));
    while (extensions.left > 0 && !extensions.failed) {
      const type = extensions.number(2);
      const content = extensions.vector(2);
      if (extensions.failed) break;
      if (type === serverNameExtension) serverName = readServerName(content);
      else if (type === alpnExtension) applicationProtocols = readProtocols(content);
    }
    if (extensions.failed || reader.failed) return "not tls";
  }
  return { serverName, applicationProtocols, length };
}

/** RFC 6066 section 3. */
function readServerName(content: Buffer): string {
  const list = new Reader(new Reader(content).vector(2));
  while (list.left > 0 && !list.failed) {
    const type = list.number(1);
    const name = list.vector(2);
    if (type === hostName && !list.failed) return name.latin1Slice().toLowerCase();
  }
  return "";
}

/** RFC 7301 section 3.1; nothing of a list that is not well-formed. */
function readProtocols(content: Buffer): readonly string[] {
  const outer = new Reader(content);
  const list = new Reader(outer.vector(2));
  const protocols: string[] = [];
  while (list.left > 0 && !list.failed) {
    const name = list.vector(1);
    if (name.length === 0) return [];
    protocols.push(name.latin1Slice());
  }
  return list.failed || outer.failed || outer.left > 0 ? [] : protocols;
}

const nothing = Buffer.alloc(0);

/** Numbers and length-prefixed vectors, one after the other; `failed` once something is missing. */
class Reader {
  failed = false;
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  skip(length: number): void {
    if (length > this.left) this.failed = true;
    else this.#at += length;
  }

  number(size: 1 | 2): number {
    if (size > this.left) {
      this.failed = true;
      return 0;
    }
    this.#at += size;
    return this.#bytes.readUIntBE(this.#at - size, size);
  }

  vector(lengthSize: 1 | 2): Buffer {
    const length = this.number(lengthSize);
    if (this.failed || length > this.left) {
      this.failed = true;
      return nothing;
    }
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

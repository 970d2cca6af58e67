// Reads HTTP/1.1 messages out of text, one character per byte.

/** A message from its first byte to its last. */
export interface WholeMessage {
  /** Start line and header lines. */
  readonly head: string;
  /** Without the framing of chunks, whose borders depend on the moment. */
  readonly body: string;
  readonly trailers: readonly string[];
  /** How many characters of the text the message took. */
  readonly length: number;
}

export interface MessageKind {
  /** An answer without a length ends with its connection. */
  readonly answer: boolean;
  readonly toHead?: boolean;
  readonly closed?: boolean;
}

/** The first message in `text`; undefined while it is not whole. */
export function firstMessage(text: string, kind: MessageKind): WholeMessage | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = text.slice(0, end);
  const at = end + 4;
  const whole = (body: string, length: number, trailers: readonly string[] = []): WholeMessage => ({
    head,
    body,
    trailers,
    length,
  });
  if (/^HTTP\/1\.[01] (204|304|1\d\d) /.test(head) || kind.toHead === true) return whole("", at);
  if (/\r\ntransfer-encoding: chunked/i.test(head)) return chunkedMessage(text, at, whole);
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  if (length !== undefined) {
    const last = at + Number(length);
    return text.length < last ? undefined : whole(text.slice(at, last), last);
  }
  if (!kind.answer) return whole("", at);
  return kind.closed === true ? whole(text.slice(at), text.length) : undefined;
}

function chunkedMessage(
  text: string,
  start: number,
  whole: (body: string, length: number, trailers: readonly string[]) => WholeMessage,
): WholeMessage | undefined {
  let body = "";
  for (let at = start; ;) {
    const line = text.indexOf("\r\n", at);
    if (line < 0) return undefined;
    const size = Number.parseInt(text.slice(at, line), 16);
    if (size === 0) {
      const end = text.indexOf("\r\n\r\n", line);
      if (end < 0) return undefined;
      const trailers = text
        .slice(line + 2, Math.max(end, line + 2))
        .split("\r\n")
        .filter((each) => each !== "");
      return whole(body, end + 4, trailers);
    }
    body += text.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
    if (at > text.length) return undefined;
  }
}

/** Without what differs from run to run, or by the proxy's name. */
export function plain(text: string): string {
  return text
    .replace(/\r\ndate: [^\r]*/i, "")
    .replaceAll(/(x-request-id: )[-0-9a-f]{36}/g, "$1<id>")
    .replaceAll(/(x-envoy-upstream-service-time: )\d+/g, "$1<ms>")
    .replaceAll(/(x-envoy-expected-rq-timeout-ms: )\d+/g, "$1<ms>")
    .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:<port>")
    .replaceAll(/(x-forwarded-for: )[\d.]+/g, "$1<address>");
}

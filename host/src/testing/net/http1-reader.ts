import type { HeaderList } from "../suite/suite.ts";

/** The first lines of a message. */
export interface MessageHead {
  /** Request: method, path, version. Response: version, status, reason. */
  readonly start: readonly [string, string, string];
  readonly headers: HeaderList;
}

/** Told what a message is made of, in order. */
export interface MessageSink {
  /** Gives what kind of body follows: as the headers say, or none. */
  onHead(head: MessageHead): "framed" | "none";
  onData(data: Buffer): void;
  onEnd(trailers: HeaderList | undefined): void;
}

type State = "head" | "length" | "close" | "chunkSize" | "chunk" | "chunkEnd" | "trailers";

/** Reads messages of HTTP/1.1 that the proxy has written, one after the other. */
export class Http1Reader {
  readonly #sink: MessageSink;
  /** A body without a length lasts as long as the connection. */
  readonly #untilClose: boolean;
  #bytes: Buffer = Buffer.alloc(0);
  #state: State = "head";
  #left = 0;

  constructor(sink: MessageSink, options: { readonly responses: boolean }) {
    this.#sink = sink;
    this.#untilClose = options.responses;
  }

  take(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    while (this.#step());
  }

  /** The connection has ended. True when that ends the message. */
  end(): boolean {
    if (this.#state !== "close") return false;
    this.#finish(undefined);
    return true;
  }

  /** Reads the next part; false when more bytes are needed. */
  #step(): boolean {
    switch (this.#state) {
      case "head":
        return this.#head();
      case "length":
      case "chunk":
        return this.#data();
      case "close":
        return this.#rest();
      case "chunkSize":
        return this.#chunkSize();
      case "chunkEnd":
        return this.#line((line) => {
          if (line === "") this.#state = "chunkSize";
        });
      case "trailers":
        return this.#trailers();
    }
  }

  #head(): boolean {
    const end = this.#bytes.indexOf("\r\n\r\n");
    if (end < 0) return false;
    const [start = "", ...lines] = this.#bytes.latin1Slice(0, end).split("\r\n");
    this.#bytes = this.#bytes.subarray(end + 4);
    const [a = "", b = "", ...c] = start.split(" ");
    const headers = fieldsOf(lines);
    const body = this.#sink.onHead({ start: [a, b, c.join(" ")], headers });
    if (body === "none") this.#finish(undefined);
    else this.#beginBody(headers);
    return true;
  }

  #beginBody(headers: HeaderList): void {
    const value = (name: string): string | undefined =>
      headers.find(([each]) => each === name)?.[1];
    const length = value("content-length");
    if (value("transfer-encoding")?.toLowerCase().endsWith("chunked") === true) {
      this.#state = "chunkSize";
    } else if (length !== undefined) {
      this.#left = Number(length);
      this.#state = "length";
      if (this.#left === 0) this.#finish(undefined);
    } else if (this.#untilClose) this.#state = "close";
    else this.#finish(undefined);
  }

  #data(): boolean {
    if (this.#bytes.length === 0) return false;
    const data = this.#bytes.subarray(0, this.#left);
    this.#bytes = this.#bytes.subarray(data.length);
    this.#left -= data.length;
    this.#sink.onData(data);
    if (this.#left > 0) return false;
    if (this.#state === "length") this.#finish(undefined);
    else this.#state = "chunkEnd";
    return true;
  }

  #rest(): boolean {
    if (this.#bytes.length > 0) this.#sink.onData(this.#bytes);
    this.#bytes = Buffer.alloc(0);
    return false;
  }

  #chunkSize(): boolean {
    return this.#line((line) => {
      this.#left = Number.parseInt(line, 16);
      this.#state = this.#left === 0 ? "trailers" : "chunk";
    });
  }

  #trailers(): boolean {
    if (this.#bytes.subarray(0, 2).latin1Slice() === "\r\n") {
      this.#bytes = this.#bytes.subarray(2);
      this.#finish(undefined);
      return true;
    }
    const end = this.#bytes.indexOf("\r\n\r\n");
    if (end < 0) return false;
    const lines = this.#bytes.latin1Slice(0, end).split("\r\n");
    this.#bytes = this.#bytes.subarray(end + 4);
    this.#finish(fieldsOf(lines));
    return true;
  }

  #line(use: (line: string) => void): boolean {
    const end = this.#bytes.indexOf("\r\n");
    if (end < 0) return false;
    const line = this.#bytes.latin1Slice(0, end);
    this.#bytes = this.#bytes.subarray(end + 2);
    use(line);
    return true;
  }

  #finish(trailers: HeaderList | undefined): void {
    this.#state = "head";
    this.#sink.onEnd(trailers);
  }
}

function fieldsOf(lines: readonly string[]): HeaderList {
  return lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
}

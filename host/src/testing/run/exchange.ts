import type { HeaderList, Send } from "../suite/suite.ts";

/** A response that a client has got, as far as it has come. */
export class Response {
  status = 0;
  headers: HeaderList = [];
  body: Buffer = Buffer.alloc(0);
  trailers: HeaderList = [];
  /** All of it has come. */
  complete = false;

  /** The values of a header, joined by commas; undefined when it is not there. */
  header(name: string): string | undefined {
    const values = this.headers.filter(([each]) => each === name.toLowerCase());
    return values.length === 0 ? undefined : values.map(([, value]) => value).join(",");
  }

  get text(): string {
    return this.body.toString();
  }
}

/** A request on a connection of its own, and what comes back. */
export interface Exchange {
  readonly response: Response;
  readonly clientPort: number;
  /** The request was given up: with RST, or with the end of the connection before the response was whole. */
  readonly reset: boolean;
  /** There is a response, or an end without one. */
  readonly isOver: boolean;
  /** Sends more of a request that was left open. */
  send(send: Send): Promise<void>;
  /** Gives up. */
  close(): void;
}

import { request, type IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import type { CallTotals, TraceLine } from "../../guest/watch/guest-trace.ts";
import type { MessageChange } from "../../guest/watch/message-change.ts";
import type { SeenRequest } from "./request-text.ts";

/** A line of `/trace?format=json`. */
type JsonLine = (TraceLine & { readonly worker: string }) | { readonly note: string };

/** The most that one trace can be asked for; then another begins. */
const streamsMax = 10_000;
const secondsMax = 3600;

/** Follows a filter of a running proxy: each request or connection is told of when it is over. */
export class TraceFollower {
  readonly #adminPort: number;
  readonly #filter: string;
  readonly #onRequest: (seen: SeenRequest) => void;
  readonly #onOther: (line: string) => void;
  readonly #streams = new Map<number, { lines: string[]; changes: MessageChange[] }>();
  #closed = false;
  #response: IncomingMessage | undefined = undefined;

  /** `onOther` gets what belongs to no single request, such as ticks and access logs. */
  constructor(
    adminPort: number,
    filter: string,
    onRequest: (seen: SeenRequest) => void,
    onOther: (line: string) => void = () => {},
  ) {
    this.#adminPort = adminPort;
    this.#filter = filter;
    this.#onRequest = onRequest;
    this.#onOther = onOther;
  }

  /** Resolves when the trace has begun; the next ones begin by themselves. The error says why it cannot. */
  async start(): Promise<void> {
    const response = await this.#post();
    this.#response = response;
    if (response.statusCode !== 200) {
      let text = "";
      for await (const piece of response.setEncoding("utf8")) text += String(piece);
      throw new Error(text.trim());
    }
    const lines = createInterface(response);
    lines.on("line", (line) => this.#take(JSON.parse(line) as JsonLine));
    // A proxy that ends cuts its traces off: `close` follows.
    lines.on("error", () => undefined);
    response.on("close", () => {
      this.#streams.clear();
      if (!this.#closed) this.start().catch(() => undefined);
    });
  }

  close(): void {
    this.#closed = true;
    this.#response?.destroy();
  }

  #post(): Promise<IncomingMessage> {
    const params = new URLSearchParams({
      guest: this.#filter,
      streams: String(streamsMax),
      duration_s: String(secondsMax),
      max_bytes: "1073741824",
      redact: "",
      changes: "1",
      format: "json",
    });
    return new Promise((resolve, reject) => {
      const place = { host: "127.0.0.1", port: this.#adminPort };
      request({ ...place, method: "POST", path: `/trace?${params.toString()}` }, resolve)
        .on("error", reject)
        .end();
    });
  }

  #take(line: JsonLine): void {
    if ("note" in line) return;
    if (line.stream === 0) return this.#onOther(line.text);
    const { stream, text, border, change, totals } = line;
    if (border === "first") this.#streams.set(stream, { lines: [], changes: [] });
    const seen = this.#streams.get(stream);
    if (seen === undefined) return;
    if (change !== undefined) seen.changes.push(change);
    else if (border === undefined && !/^(context \d+|stream)$/.test(text)) seen.lines.push(text);
    if (border === "last") this.#ended(stream, seen, totals);
  }

  #ended(
    stream: number,
    seen: { lines: string[]; changes: MessageChange[] },
    totals: CallTotals = { callbacks: 0, hostCalls: 0, selfMs: 0, hostCallMs: 0 },
  ): void {
    this.#streams.delete(stream);
    this.#onRequest({ filter: this.#filter, ...seen, totals });
  }
}

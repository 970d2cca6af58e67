import { MessageChannel, type MessagePort } from "node:worker_threads";
import { closest } from "../common/closest.ts";
import type { Result } from "../contracts/result.ts";
import type { TraceLine, TraceRequest } from "../guest/watch/guest-trace.ts";
import type { TraceStart } from "../guest/watch/guest-watches.ts";
import type { TraceBatch, TraceReceipt } from "../guest/watch/trace-port.ts";
import type { Server } from "./server.ts";

/** A worker that has not answered by then is left out. */
const deadlineMs = 2000;

/** Where the text of a trace goes. */
export interface TraceOutput {
  /** Resolves when the reader can take more. */
  write(text: string): Promise<void>;
  /** Called once, when the reader is gone. */
  onGone(callback: () => void): void;
}

/** When a trace ends, besides the reader's going away, and how it is written. */
export interface TraceBounds {
  readonly durationMs: number;
  readonly bytes: number;
  /** One JSON object per line, instead of text. */
  readonly json?: boolean;
}

/** A guest that is being followed on all workers. */
export interface RunningTrace {
  /** Writes until the trace ends. */
  copyTo(output: TraceOutput, bounds: TraceBounds): Promise<void>;
}

/** Why a trace cannot begin. `status`: of the HTTP answer. */
export interface TraceRefusal {
  readonly status: 400 | 404 | 409 | 503;
  readonly text: string;
}

/** Begins to follow a guest on all workers. */
export async function traceGuest(
  server: Pick<Server, "ask">,
  request: TraceRequest,
): Promise<Result<RunningTrace, TraceRefusal>> {
  const ports = new Map<string, MessagePort>();
  const answers = await server.ask((worker) => {
    const { port1, port2 } = new MessageChannel();
    ports.set(worker, port1);
    return { command: { kind: "trace_guest", request, port: port2 }, transfer: [port2] };
  }, deadlineMs);
  const starts: TraceStart[] = [];
  for (const { worker, answer } of answers) {
    const start = answer.ok ? (answer.value as TraceStart | undefined) : undefined;
    if (start !== undefined) starts.push(start);
    if (start?.attached === true) continue;
    ports.get(worker)?.close();
    ports.delete(worker);
  }
  // On some workers somebody else may have been first: a part of the streams is no use.
  if (ports.size > 0 && !starts.some(({ taken }) => taken)) {
    return { ok: true, value: new GuestTraceSession(request, ports) };
  }
  for (const port of ports.values()) port.close();
  return { ok: false, error: refusal(request.guest, starts) };
}

function refusal(guest: string, starts: readonly TraceStart[]): TraceRefusal {
  if (starts.length === 0) return { status: 503, text: "no worker answers" };
  if (starts.some(({ taken }) => taken)) {
    return { status: 409, text: `"${guest}" is being traced already` };
  }
  if (starts.some(({ isScript }) => isScript === true)) {
    const text = `"${guest}" is a Lua script: only Wasm plugins are recorded; sluice trace follows its calls`;
    return { status: 400, text };
  }
  const known = [...new Set(starts.flatMap((start) => start.known))].sort();
  const near = closest(guest, known);
  const hint =
    known.length === 0
      ? "none has been loaded"
      : `there are ${known.map((name) => `"${name}"`).join(", ")}`;
  const mend = near === undefined ? hint : `did you mean "${near}"? ${hint}`;
  return { status: 404, text: `there is no Wasm plugin or Lua filter "${guest}": ${mend}` };
}

/** Puts the lines of all workers in one text, and ends when it has the streams that were asked for. */
class GuestTraceSession implements RunningTrace {
  readonly #request: TraceRequest;
  readonly #ports: ReadonlyMap<string, MessagePort>;
  /** Numbers in the text, by worker and number there. */
  readonly #numbers = new Map<string, number>();
  #ended = 0;
  #bytes = 0;
  /** The last line is written, or about to be. */
  #over = false;
  #writing: Promise<void> = Promise.resolve();
  #finish: (why: string) => void = () => {};

  constructor(request: TraceRequest, ports: ReadonlyMap<string, MessagePort>) {
    this.#request = request;
    this.#ports = ports;
  }

  async copyTo(output: TraceOutput, bounds: TraceBounds): Promise<void> {
    const finished = new Promise<string>((resolve) => {
      this.#finish = resolve;
    });
    output.onGone(() => this.#finish(""));
    const seconds = bounds.durationMs / 1000;
    const timer = setTimeout(() => this.#finish(`${seconds} s are over`), bounds.durationMs);
    let open = this.#ports.size;
    for (const [worker, port] of this.#ports) {
      port.on("message", (batch: TraceBatch) => {
        this.#writing = this.#writing.then(() => this.#write(worker, batch, output, bounds));
        this.#writing.catch(() => this.#finish(""));
      });
      port.on("close", () => {
        open -= 1;
        if (open === 0) this.#finish("the workers have ended");
      });
    }
    const why = await finished;
    this.#over = true;
    clearTimeout(timer);
    for (const port of this.#ports.values()) port.close();
    if (why === "" || this.#request.recording !== undefined) return;
    await output.write(note(`${why}; streams traced: ${this.#ended}`, bounds));
  }

  async #write(
    worker: string,
    batch: TraceBatch,
    output: TraceOutput,
    bounds: TraceBounds,
  ): Promise<void> {
    if (this.#over) return;
    const lost = `${batch.lost} lines of ${worker} are lost: the reader is slow`;
    const isRecording = this.#request.recording !== undefined;
    let text = batch.lost === 0 || isRecording ? "" : note(lost, bounds);
    for (const line of batch.lines) text += this.#text(worker, line, bounds.json === true);
    this.#bytes += text.length;
    if (text !== "") await output.write(text);
    const receipt: TraceReceipt = { bytes: batch.bytes };
    this.#ports.get(worker)!.postMessage(receipt);
    if (this.#ended === this.#request.streams) this.#finish("done");
    else if (this.#bytes > bounds.bytes) this.#finish(`${bounds.bytes} bytes are written`);
  }

  /** Empty for streams beyond those that were asked for. */
  #text(worker: string, line: TraceLine, json: boolean): string {
    const { stream, text, border } = line;
    const number = stream === 0 ? 0 : this.#number(worker, line);
    if (number === undefined) return "";
    if (border === "last") this.#ended += 1;
    // A recording is a line of its own, and nothing stands around it.
    if (this.#request.recording !== undefined) return border === "last" ? `${text}\n` : "";
    if (json) return `${JSON.stringify({ ...line, worker, stream: number })}\n`;
    if (stream === 0) return `${worker} ${text}\n`;
    const begins = border === "first" ? `begins on ${worker}: ` : "";
    return `#${number} ${begins}${text}\n`;
  }

  /** The stream's number in the text. */
  #number(worker: string, { stream, border }: TraceLine): number | undefined {
    const key = `${worker} ${stream}`;
    if (border === "first" && this.#numbers.size < this.#request.streams) {
      this.#numbers.set(key, this.#numbers.size + 1);
    }
    return this.#numbers.get(key);
  }
}

/** A line about the trace itself. */
function note(text: string, { json }: TraceBounds): string {
  return json === true ? `${JSON.stringify({ note: text })}\n` : `-- ${text}\n`;
}

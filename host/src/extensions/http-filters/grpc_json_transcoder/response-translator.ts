import type { DataBuffer } from "../../../contracts/buffer.ts";
import { MessageReader } from "../../../grpc/framing.ts";
import type { PrintOptions } from "./config.ts";
import { readHttpBody } from "./http-body.ts";
import type { JsonPrinter } from "./json-printer.ts";
import { TranscodeError } from "./transcode-error.ts";
import type { TranscodedMethod } from "./transcoding.ts";

/** Makes what the client gets of the messages of a response. What it throws ends the response. */
export interface ResponseTranslator {
  /** Of the last body that named one; undefined: JSON. */
  readonly contentType: string | undefined;
  /** Puts what the messages in `data` stand for in its place. */
  translate(data: DataBuffer): void;
  /** What stands behind the last message. */
  finish(): string;
}

/** A message is longer than `messageMax`. */
export class MessageTooLong extends Error {}

export function createResponseTranslator(
  method: TranscodedMethod,
  printer: JsonPrinter,
  stream: PrintOptions["stream"],
  messageMax: number,
): ResponseTranslator {
  const messages = new Messages(messageMax);
  if (method.httpBodyFields !== undefined) return new HttpBodyResponseTranslator(method, messages);
  return method.serverStreaming
    ? new StreamResponseTranslator(method, printer, stream, messages)
    : new UnaryResponseTranslator(method, printer, messages);
}

class Messages {
  readonly #reader: MessageReader;

  constructor(messageMax: number) {
    this.#reader = new MessageReader(messageMax);
  }

  accept(data: DataBuffer): void {
    this.#reader.accept(data);
  }

  next(): Buffer | undefined {
    const message = this.#reader.next();
    if (this.#reader.problem === "too_long") throw new MessageTooLong();
    if (this.#reader.problem === "compressed") {
      throw new TranscodeError(`Unsupported gRPC frame flag: ${this.#reader.flag}`, "INTERNAL");
    }
    return message;
  }

  /** Throws when half a message is left. */
  end(): void {
    const missing = this.#reader.incomplete();
    if (missing === undefined) return;
    const text = `Incomplete gRPC frame expected size: ${missing.expected} actual size: ${missing.actual}`;
    throw new TranscodeError(text, "INTERNAL");
  }
}

/** The first message is the response. */
class UnaryResponseTranslator implements ResponseTranslator {
  readonly contentType = undefined;
  readonly #method: TranscodedMethod;
  readonly #printer: JsonPrinter;
  readonly #messages: Messages;
  #isAnswered = false;

  constructor(method: TranscodedMethod, printer: JsonPrinter, messages: Messages) {
    this.#method = method;
    this.#printer = printer;
    this.#messages = messages;
  }

  translate(data: DataBuffer): void {
    this.#messages.accept(data);
    for (let next = this.#messages.next(); next !== undefined; next = this.#messages.next()) {
      if (this.#isAnswered) continue;
      this.#isAnswered = true;
      data.append(Buffer.from(this.#printer.print(this.#method.desc.output, next)));
    }
  }

  finish(): string {
    this.#messages.end();
    return "";
  }
}

const around = {
  array: { first: "[", before: "", between: ",", after: "", end: "]" },
  lines: { first: "", before: "", between: "", after: "\n", end: "" },
  events: { first: "", before: "data: ", between: "", after: "\n\n", end: "" },
} as const;

/** Every message is an element, a line or an event. */
class StreamResponseTranslator implements ResponseTranslator {
  readonly contentType = undefined;
  readonly #method: TranscodedMethod;
  readonly #printer: JsonPrinter;
  readonly #messages: Messages;
  readonly #around: (typeof around)[PrintOptions["stream"]];
  #isFirst = true;

  constructor(
    method: TranscodedMethod,
    printer: JsonPrinter,
    stream: PrintOptions["stream"],
    messages: Messages,
  ) {
    this.#method = method;
    this.#printer = printer;
    this.#messages = messages;
    this.#around = around[stream];
  }

  translate(data: DataBuffer): void {
    const { first, before, between, after } = this.#around;
    this.#messages.accept(data);
    for (let next = this.#messages.next(); next !== undefined; next = this.#messages.next()) {
      const text = this.#printer.print(this.#method.desc.output, next);
      data.append(Buffer.from((this.#isFirst ? first : between) + before + text + after));
      this.#isFirst = false;
    }
  }

  finish(): string {
    this.#messages.end();
    return (this.#isFirst ? this.#around.first : "") + this.#around.end;
  }
}

/** The bodies in the messages, one behind the other. */
class HttpBodyResponseTranslator implements ResponseTranslator {
  readonly #method: TranscodedMethod;
  readonly #messages: Messages;
  contentType: string | undefined = undefined;

  constructor(method: TranscodedMethod, messages: Messages) {
    this.#method = method;
    this.#messages = messages;
  }

  translate(data: DataBuffer): void {
    this.#messages.accept(data);
    for (let next = this.#messages.next(); next !== undefined; next = this.#messages.next()) {
      if (next.length === 0) continue;
      const body = readHttpBody(next, this.#method.httpBodyFields!);
      this.contentType = body.contentType;
      data.append(Buffer.from(body.data));
    }
  }

  finish(): string {
    this.#messages.end();
    return "";
  }
}

import { toBinary } from "@bufbuild/protobuf";
import type { DataBuffer } from "../../../contracts/buffer.ts";
import { frame } from "../../../grpc/framing.ts";
import { ArraySplitter } from "./array-splitter.ts";
import type { RequestBindings } from "./bindings.ts";
import { unknownParameters, writeHttpBody } from "./http-body.ts";
import { pathText } from "./field-path.ts";
import { type FieldTree, JsonReader, merge } from "./json-reader.ts";
import { type ParsedJson, parseJson } from "./json-values.ts";
import { TranscodeError } from "./transcode-error.ts";
import type { Transcoding } from "./transcoding.ts";

/** Makes gRPC messages of a request's body. What it throws refuses the request. */
export interface RequestTranslator {
  /** Bytes that wait for more. */
  readonly held: number;
  /** Puts the messages that `data` completes in its place. */
  translate(data: DataBuffer, endStream: boolean): void;
}

export function createRequestTranslator(
  transcoding: Transcoding,
  bindings: RequestBindings,
  contentType: string,
): RequestTranslator {
  const messages = new MessageBuilder(transcoding, bindings);
  if (bindings.method.takesHttpBody) {
    return new HttpBodyRequestTranslator(messages, bindings, contentType);
  }
  return bindings.method.clientStreaming && bindings.method.bodyFields !== undefined
    ? new StreamRequestTranslator(messages)
    : new UnaryRequestTranslator(messages);
}

/** Joins what bodies say with what path and query say; the latter holds for the first message only. */
class MessageBuilder {
  readonly #reader: JsonReader;
  readonly #bindings: RequestBindings;
  readonly #rejectCollisions: boolean;
  #isFirst = true;

  constructor(transcoding: Transcoding, bindings: RequestBindings) {
    const { ignoreEnumCase, rejectCollisions } = transcoding.config;
    this.#reader = new JsonReader(transcoding.registry, ignoreEnumCase);
    this.#bindings = bindings;
    this.#rejectCollisions = rejectCollisions;
  }

  /** `body`: undefined when there is none. */
  frameOf(body: ParsedJson | undefined): Buffer {
    return frame(this.encode(body));
  }

  encode(body: ParsedJson | undefined): Uint8Array {
    const { desc } = this.#bindings.method;
    const fromBody = this.#bodyTree(body);
    const tree = this.#isFirst ? this.#withBindings(fromBody) : fromBody;
    this.#isFirst = false;
    return toBinary(desc.input, this.#reader.message(desc.input, tree));
  }

  #bodyTree(body: ParsedJson | undefined): FieldTree {
    const { bodyFields, desc } = this.#bindings.method;
    if (bodyFields === undefined || body === undefined) return {};
    if (bodyFields.length > 0) return this.#reader.field(bodyFields, body);
    return this.#reader.tree(desc.input, body);
  }

  #withBindings(body: FieldTree): FieldTree {
    const { bindings } = this.#bindings;
    const tree: FieldTree = {};
    for (const { fields, value } of bindings) this.#reader.bind(tree, fields, value);
    if (this.#rejectCollisions) this.#checkCollisions(body, tree);
    return merge(tree, body);
  }

  #checkCollisions(body: FieldTree, bound: FieldTree): void {
    for (const { fields, value } of this.#bindings.bindings) {
      const names = fields.map(({ jsonName }) => jsonName);
      const [inBody, inBinding] = [valueAt(body, names), valueAt(bound, names)];
      if (inBody === undefined || Array.isArray(inBody) || inBody === inBinding) continue;
      // Integers are texts here, as they are in JSON when they are long.
      const isText = fields.at(-1)!.scalar === undefined || typeof inBody !== "string";
      const shown = isText || /[^\d-]/.test(inBody) ? JSON.stringify(inBody) : inBody;
      const what = `The binding value "${value}" of the field ${pathText(fields)}`;
      throw new TranscodeError(`${what} is conflicting with the value ${shown} in the body.`);
    }
  }
}

function valueAt(tree: FieldTree, names: readonly string[]): unknown {
  let at: unknown = tree;
  for (const name of names) {
    if (typeof at !== "object" || at === null) return undefined;
    at = (at as { readonly [key: string]: unknown })[name];
  }
  return at;
}

/** Copies and drains. */
function take(data: DataBuffer): Buffer {
  const bytes = Buffer.from(data.toBuffer());
  data.drain(data.length);
  return bytes;
}

/** One message, when the body is whole. */
class UnaryRequestTranslator implements RequestTranslator {
  readonly #messages: MessageBuilder;
  readonly #pieces: Buffer[] = [];
  held = 0;

  constructor(messages: MessageBuilder) {
    this.#messages = messages;
  }

  translate(data: DataBuffer, endStream: boolean): void {
    this.held += data.length;
    this.#pieces.push(take(data));
    if (!endStream) return;
    const text = Buffer.concat(this.#pieces).toString("utf8");
    data.append(this.#messages.frameOf(text.trim() === "" ? {} : parse(text)));
  }
}

/** A message for each element of an array. */
class StreamRequestTranslator implements RequestTranslator {
  readonly #messages: MessageBuilder;
  readonly #splitter = new ArraySplitter();

  constructor(messages: MessageBuilder) {
    this.#messages = messages;
  }

  get held(): number {
    return this.#splitter.held;
  }

  translate(data: DataBuffer, endStream: boolean): void {
    for (const element of this.#splitter.accept(take(data))) {
      data.append(this.#messages.frameOf(parse(element)));
    }
    if (endStream) this.#splitter.end();
  }
}

function parse(text: string): ParsedJson {
  try {
    return parseJson(text);
  } catch (error) {
    throw new TranscodeError(error instanceof Error ? error.message : String(error));
  }
}

/** A body that the method takes as it is: whole, or piece by piece when the method streams. */
class HttpBodyRequestTranslator implements RequestTranslator {
  readonly #messages: MessageBuilder;
  readonly #bindings: RequestBindings;
  readonly #contentType: string;
  #pieces: Buffer[] = [];
  #isFirst = true;
  held = 0;

  constructor(messages: MessageBuilder, bindings: RequestBindings, contentType: string) {
    this.#messages = messages;
    this.#bindings = bindings;
    this.#contentType = contentType;
  }

  translate(data: DataBuffer, endStream: boolean): void {
    const { clientStreaming } = this.#bindings.method;
    this.held += data.length;
    this.#pieces.push(take(data));
    if (clientStreaming ? this.held > 0 || (endStream && this.#isFirst) : endStream) {
      data.append(this.#message());
    }
  }

  #message(): Buffer {
    const { method, unknown } = this.#bindings;
    const parts = {
      contentType: this.#isFirst ? this.#contentType : "",
      data: Buffer.concat(this.#pieces),
      extension: this.#isFirst ? unknownParameters(unknown) : undefined,
    };
    const bound = this.#isFirst ? this.#messages.encode(undefined) : new Uint8Array();
    this.#pieces = [];
    this.held = 0;
    this.#isFirst = false;
    // Fields that stand twice in a message are merged, or the last holds.
    return frame(Buffer.concat([bound, writeHttpBody(parts, method.bodyFields!)]));
  }
}

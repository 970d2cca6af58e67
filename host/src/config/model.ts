import { fromBinary, type Message } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import { AnyDecoder, type AnyContent, type AnyContents } from "./any-contents.ts";
import { Checker } from "./check.ts";
import { Damaged } from "./damaged.ts";
import { fieldClasses } from "./field-classes/index.ts";
import type { Input } from "./input.ts";
import { Origins } from "./origin.ts";
import { fileOnly, ProblemList, type Place } from "./problem.ts";
import { MessageReader } from "./reader.ts";
import { RuleChecker } from "./rules.ts";
import { schema, type Schema } from "./schema.ts";
import { Source } from "./source.ts";

export interface ModelOptions {
  readonly problems: ProblemList;
  /** What binary messages are said to come from. */
  readonly source: Source;
  /** Static configuration refuses unknown fields; for dynamic resources this is called instead. */
  readonly onUnknownField?: ((place: Place, text: string) => void) | undefined;
  /** Warnings that have been given already, and are given once. */
  readonly warned: Set<string>;
}

let rules: RuleChecker | undefined;

/** The tools that one load (of the bootstrap, or of one resource) reads and checks its messages with. */
export class Model {
  readonly schema: Schema = schema();
  readonly problems: ProblemList;
  readonly origins = new Origins();
  readonly anys: AnyDecoder;
  readonly #options: ModelOptions;
  readonly #contents: AnyContents = new WeakMap();
  readonly #damaged = new Damaged();
  readonly #unread = new Set<Any>();
  readonly #reader: MessageReader;

  constructor(options: ModelOptions) {
    this.#options = options;
    this.problems = options.problems;
    this.#reader = this.#readerOf(options.source);
    this.anys = new AnyDecoder({
      schema: this.schema,
      problems: this.problems,
      origins: this.origins,
      anys: this.#contents,
      reader: this.#reader,
      source: options.source,
    });
  }

  /** A message out of an input; undefined when that has none, which was reported. */
  read(typeName: string, input: Input): Message | undefined {
    const desc = this.schema.message(typeName);
    if (input.kind === "text") return this.#readerOf(input.source).read(desc, input.node);
    try {
      return fromBinary(desc, input.bytes);
    } catch {
      const text = `the bytes are not a message of type ${typeName}`;
      this.problems.error(fileOnly(input.source.file), text);
      return undefined;
    }
  }

  /**
   * Whether a problem with the field is only the consequence of one that was reported: the field could not be
   * read, or is missing in a message that has a field under a wrong name.
   */
  isConsequence(message: Message, field: string): boolean {
    if (this.#damaged.hasField(message, /^[^[.]*/.exec(field)![0])) return true;
    return this.#damaged.has(message) && !this.origins.isWritten(message, field);
  }

  /** Enforces rules and field classes in `message` and all that is in it. */
  check(message: Message): void {
    rules ??= new RuleChecker(this.schema);
    const { source, onUnknownField, warned } = this.#options;
    const { schema: descriptors, problems, origins, anys } = this;
    const classes = fieldClasses;
    new Checker({
      schema: descriptors,
      problems,
      origins,
      rules,
      classes,
      anys,
      damaged: this.#damaged,
      onUnreadAny: (any) => this.#unread.add(any),
      source,
      onUnknownField,
      warned,
    }).check(message);
  }

  /** The content of an `Any`, for a caller that reports what is wrong with its type. */
  contentOf(any: Any): AnyContent {
    this.#unread.delete(any);
    return this.anys.contentOf(any);
  }

  /** Call when all is parsed: reports each `Any` of an unknown type that nobody has asked for. */
  checkUnread(): void {
    for (const any of this.#unread) {
      const { messageName } = this.anys.contentOf(any);
      if (this.schema.registry.getMessage(messageName)) continue;
      const place = this.origins.place(any, "@type");
      // What it is a part of may have been refused as a whole.
      if (this.problems.hasAround(place)) continue;
      this.problems.error(place, `the type ${messageName} is not known here`);
    }
  }

  /** What a bare `google.protobuf.Struct` stands for, as a message of the type that a name stands for. */
  structAs(content: AnyContent, messageName: string): Message | undefined {
    const { node, origin } = content;
    const value = node.kind === "map" ? node.entries.get("value")?.value : undefined;
    const desc = this.schema.message(messageName);
    const message = value && this.#reader.read(desc, value, origin, "value");
    if (message) this.check(message);
    return message;
  }

  #readerOf(source: Source): MessageReader {
    return new MessageReader({
      schema: this.schema,
      problems: this.problems,
      origins: this.origins,
      anys: this.#contents,
      damaged: this.#damaged,
      source,
      onUnknownField: this.#options.onUnknownField,
    });
  }
}

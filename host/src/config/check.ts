import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import type { AnyDecoder } from "./any-contents.ts";
import type { Damaged } from "./damaged.ts";
import type { FieldClasses } from "./field-classes/classes.ts";
import { isFieldSet, messagesIn } from "./message-access.ts";
import type { Origin, Origins } from "./origin.ts";
import type { Place, ProblemList } from "./problem.ts";
import type { RuleChecker } from "./rules.ts";
import type { Schema } from "./schema.ts";
import type { Source } from "./source.ts";

export interface CheckerOptions {
  readonly schema: Schema;
  readonly problems: ProblemList;
  readonly origins: Origins;
  readonly rules: RuleChecker;
  readonly classes: FieldClasses;
  readonly anys: AnyDecoder;
  /** Messages of which something could not be read. */
  readonly damaged: Damaged;
  /** Called for an `Any` whose content is of an unknown type, or could not be read. */
  readonly onUnreadAny: (any: Any) => void;
  /** What binary messages are said to come from. */
  readonly source: Source;
  readonly onUnknownField: ((place: Place, text: string) => void) | undefined;
  /** Warnings that have been given, so that each is given once. */
  readonly warned: Set<string>;
}

/** Levels of messages in messages. Text is limited when it is parsed; this is for binary. */
const depthMax = 100;

/**
 * Walks a message and all that is in it: enforces `validate.rules`, refuses fields that are not supported, warns
 * about those that have no effect here or are deprecated.
 */
export class Checker {
  readonly #options: CheckerOptions;

  constructor(options: CheckerOptions) {
    this.#options = options;
  }

  check(message: Message, parent?: Origin, segment = ""): void {
    this.#walk(message, parent, segment, 0);
  }

  #walk(message: Message, parent: Origin | undefined, segment: string, depth: number): void {
    const { schema, origins, problems, rules, source } = this.#options;
    let origin = origins.of(message);
    if (!origin) {
      origin = { node: undefined, offset: 0, source, parent, segment };
      origins.add(message, origin);
    }
    if (depth > depthMax) {
      problems.error(origins.place(message, ""), `nested more than ${depthMax} levels deep`);
      return;
    }
    if (message.$typeName === "google.protobuf.Any") {
      const content = this.#options.anys.contentOf(message as Any);
      if (content.message) this.#walk(content.message, origin, "", depth + 1);
      else if (content.messageName !== "") this.#options.onUnreadAny(message as Any);
      return;
    }
    if (message.$typeName.startsWith("google.")) return;
    rules.check(message, this.#options.damaged.has(message), (field, text) => {
      problems.error(origins.place(message, field), text);
    });
    this.#unknownFields(message);
    for (const field of schema.message(message.$typeName).fields) {
      if (!isFieldSet(message, field) || !this.#classOf(message, field)) continue;
      if (rules.skips(field)) continue;
      for (const [name, inner] of messagesIn(message, field)) {
        this.#walk(inner, origin, name, depth + 1);
      }
    }
  }

  /** False when what is in the field does not matter: it is refused, or has no effect. */
  #classOf(message: Message, field: DescField): boolean {
    const { classes, problems, origins } = this.#options;
    const found = classes.of(message.$typeName, field.name);
    const place = (): Place => origins.place(message, field.name);
    if (found.class === "refused") {
      problems.error(place(), refusal(message, field, found.text));
      return false;
    }
    if (found.class === "harmless") {
      this.#warnOnce(field, place, `"${field.name}" has no effect here: ${found.text}`);
      return false;
    }
    if (field.proto.options?.deprecated) {
      this.#warnOnce(field, place, `"${field.name}" of ${message.$typeName} is deprecated`);
    }
    return true;
  }

  #warnOnce(field: DescField, place: () => Place, text: string): void {
    const key = `${field.parent.typeName}.${field.name} ${text}`;
    if (this.#options.warned.has(key)) return;
    this.#options.warned.add(key);
    this.#options.problems.warning(place(), text);
  }

  /** Fields that binary messages have and the descriptors have not. */
  #unknownFields(message: Message): void {
    const { origins, problems, onUnknownField } = this.#options;
    for (const unknown of message.$unknown ?? []) {
      const text = `unknown field number ${unknown.no} of ${message.$typeName}`;
      const place = origins.place(message, "");
      if (onUnknownField) onUnknownField(place, text);
      else problems.error(place, text);
    }
  }
}

/** `reason` is a sentence of its own, or one that begins with "is", or nothing. */
function refusal(message: Message, field: DescField, reason: string): string {
  const name = `"${field.name}" of ${message.$typeName}`;
  if (reason === "") return `${name} is not supported`;
  return reason.startsWith("is ") ? `${name} ${reason}` : `${name}: ${reason}`;
}

/** All message types that can be reached from `desc` through fields that `accept` says yes to. */
export function reachableMessages(
  desc: DescMessage,
  accept: (desc: DescMessage, field: DescField) => boolean,
): Set<DescMessage> {
  const seen = new Set<DescMessage>([desc]);
  for (const message of seen) {
    for (const field of message.fields) {
      if (field.message && accept(message, field)) seen.add(field.message);
    }
  }
  return seen;
}

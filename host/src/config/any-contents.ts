import { messageNameOfTypeUrl } from "../common/type-url.ts";
import { fromBinary, type Message } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import type { JsonValue } from "../contracts/stream-info.ts";
import type { Node } from "./node.ts";
import type { Origin, Origins } from "./origin.ts";
import type { ProblemList } from "./problem.ts";
import type { MessageReader } from "./reader.ts";
import { type Schema } from "./schema.ts";
import type { Source } from "./source.ts";
import { nodeOfJson } from "./well-known.ts";

/** What an `Any` that was read from a text holds. */
export interface AnyContent {
  /**
   * The message in it; inside a `TypedStruct`, the message that the struct stands for. Undefined when the type is
   * not known, or when the content cannot be read (which has been reported then).
   */
  readonly message: Message | undefined;
  /** Its type, as full message name; empty when the `Any` is empty. */
  readonly messageName: string;
  /** What was written, and where, for content whose type is found later or never. */
  readonly node: Node;
  readonly origin: Origin;
}

/** What stands in each `Any` that was read, so that it need not be decoded again and keeps its places. */
export type AnyContents = WeakMap<Message, AnyContent>;

/** Messages that stand for another one, given as free JSON. */
export const typedStructs: ReadonlySet<string> = new Set([
  "xds.type.v3.TypedStruct",
  "udpa.type.v1.TypedStruct",
]);

export interface AnyDecoderOptions {
  readonly schema: Schema;
  readonly problems: ProblemList;
  readonly origins: Origins;
  readonly anys: AnyContents;
  readonly reader: MessageReader;
  readonly source: Source;
}

/** Gives the content of each `Any`: what the reader has read, else what is in its bytes. */
export class AnyDecoder {
  readonly #options: AnyDecoderOptions;

  constructor(options: AnyDecoderOptions) {
    this.#options = options;
  }

  contentOf(any: Any): AnyContent {
    const known = this.#options.anys.get(any);
    if (known) return known;
    const content = this.#decode(any);
    this.#options.anys.set(any, content);
    return content;
  }

  #decode(any: Any): AnyContent {
    const { schema, origins, source } = this.#options;
    const origin = origins.of(any) ?? {
      node: undefined,
      offset: 0,
      source,
      parent: undefined,
      segment: "",
    };
    const messageName = messageNameOfTypeUrl(any.typeUrl);
    const nothing = { node: nodeOfJson({}), origin };
    const desc = schema.registry.getMessage(messageName);
    if (!desc) return { ...nothing, message: undefined, messageName };
    let message: Message;
    try {
      message = fromBinary(desc, any.value);
    } catch {
      this.#options.problems.error(
        origins.place(any, ""),
        `the bytes are not a message of type ${messageName}`,
      );
      return { ...nothing, message: undefined, messageName };
    }
    origins.add(message, { ...origin, parent: origin, segment: "" });
    return typedStructs.has(messageName)
      ? this.#lookThrough(message, origin)
      : { ...nothing, message, messageName };
  }

  #lookThrough(message: Message, origin: Origin): AnyContent {
    const { typeUrl, value } = message as Message & { typeUrl: string; value?: JsonValue };
    const node = nodeOfJson(value ?? {});
    const messageName = messageNameOfTypeUrl(typeUrl);
    const desc = this.#options.schema.registry.getMessage(messageName);
    const read = desc && this.#options.reader.read(desc, node, origin, "value");
    return { message: read, messageName, node, origin };
  }
}

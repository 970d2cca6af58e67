import fs from "node:fs";
import {
  createFileRegistry,
  fromBinary,
  getExtension,
  hasExtension,
  type DescEnum,
  type DescExtension,
  type DescField,
  type DescMessage,
  type DescOneof,
  type FileRegistry,
  type Message,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/** The protobuf descriptors of the configuration model. */
export class Schema {
  readonly registry: FileRegistry;
  readonly #rules: DescExtension;
  readonly #required: DescExtension;
  readonly #disabled: DescExtension;
  readonly #sensitive: DescExtension;

  /** `image`: a serialised `google.protobuf.FileDescriptorSet`. */
  constructor(image: Uint8Array) {
    this.registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
    this.#rules = this.#extension("validate.rules");
    this.#required = this.#extension("validate.required");
    this.#disabled = this.#extension("validate.disabled");
    this.#sensitive = this.#extension("udpa.annotations.sensitive");
  }

  /** A message that is known to be in the image. */
  message(typeName: string): DescMessage {
    const found = this.registry.getMessage(typeName);
    if (!found) throw new Error(`the descriptors lack ${typeName}`);
    return found;
  }

  /** The `validate.rules` of a field, a message of type `validate.FieldRules`. */
  rules(field: DescField): Message | undefined {
    const options = field.proto.options;
    if (!options || !hasExtension(options, this.#rules)) return undefined;
    return getExtension(options, this.#rules) as Message;
  }

  /** Whether one field of the oneof must be set. */
  required(oneof: DescOneof): boolean {
    const options = oneof.proto.options;
    return !!options && getExtension(options, this.#required) === true;
  }

  /** Whether the rules of the message are switched off. */
  disabled(message: DescMessage): boolean {
    const options = message.proto.options;
    return !!options && getExtension(options, this.#disabled) === true;
  }

  /** Whether the field holds a secret that admin must not show. */
  sensitive(field: DescField): boolean {
    const options = field.proto.options;
    return !!options && getExtension(options, this.#sensitive) === true;
  }

  #extension(name: string): DescExtension {
    const found = this.registry.getExtension(name);
    if (!found) throw new Error(`the descriptors lack the option ${name}`);
    return found;
  }
}

let loaded: Schema | undefined;

/** The descriptors that `npm run build:protos` made. Read once. */
export function schema(): Schema {
  loaded ??= new Schema(fs.readFileSync(new URL("../../proto/sluice.binpb", import.meta.url)));
  return loaded;
}

/** `type.googleapis.com/` and the message name. */
export function typeUrlOf(messageName: string): string {
  return `type.googleapis.com/${messageName}`;
}

/** The value of an enum by its name, letter case ignored. */
export function enumValue(desc: DescEnum, name: string): number | undefined {
  const wanted = name.toUpperCase();
  return desc.values.find((value) => value.name.toUpperCase() === wanted)?.number;
}

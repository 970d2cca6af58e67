import type { DescField, Message } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import {
  fieldValue,
  fieldValueOrZero,
  isFieldSet,
  isUnwrapped,
  listOf,
  mapOf,
  oneofCase,
} from "./message-access.ts";
import { checkOf, durationNanos, type Check, type Rules } from "./rule-checks.ts";
import type { Schema } from "./schema.ts";

/** Called for each rule that is broken: which field (`domains[0]`), and how. */
export type ReportRule = (field: string, text: string) => void;

/** The rules of one field, ready to run. */
interface FieldCheck {
  readonly required: boolean;
  /** Whether the rules of the message in the field are left out. */
  readonly skip: boolean;
  /** Of the value, when it is set or has no presence. */
  readonly value: Check | undefined;
  readonly list: ListCheck | undefined;
  readonly map: MapCheck | undefined;
}

interface ListCheck {
  readonly min: bigint;
  readonly max: bigint | undefined;
  readonly unique: boolean;
  readonly item: Check | undefined;
}

interface MapCheck {
  readonly min: bigint;
  readonly max: bigint | undefined;
  readonly key: Check | undefined;
  readonly value: Check | undefined;
}

/** Enforces `validate.rules` of messages. */
export class RuleChecker {
  readonly #schema: Schema;
  readonly #checks = new Map<DescField, FieldCheck | undefined>();

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  /**
   * The rules of the message's own fields; not of the messages in them. `damaged`: something of it could not be
   * read, so that what is missing is not its fault.
   */
  check(message: Message, damaged: boolean, report: ReportRule): void {
    const desc = this.#schema.message(message.$typeName);
    if (this.#schema.disabled(desc)) return;
    for (const oneof of damaged ? [] : desc.oneofs) {
      if (!this.#schema.required(oneof)) continue;
      if (oneofCase(message, oneof.localName) !== undefined) continue;
      report("", `one of ${oneof.fields.map((f) => f.name).join(", ")} is required`);
    }
    for (const field of desc.fields) {
      if (damaged && !isFieldSet(message, field)) continue;
      const check = this.#of(field);
      if (check) this.#field(message, field, check, report);
      else if (field.message?.typeName === "google.protobuf.Duration") {
        this.#noNegative(message, field, report);
      }
    }
  }

  /** Whether the rules in the message of this field are to be left out. */
  skips(field: DescField): boolean {
    return this.#of(field)?.skip === true;
  }

  #field(message: Message, field: DescField, check: FieldCheck, report: ReportRule): void {
    const set = isFieldSet(message, field);
    // A member of a oneof is required only where it is the chosen one.
    if (check.required && !set && field.oneof === undefined) {
      report(field.name, `"${field.name}" is required`);
      return;
    }
    if (check.list) this.#list(message, field, check.list, report);
    else if (check.map) this.#map(message, field, check.map, report);
    else if (check.value && (set || !knowsUnset(field))) {
      const text = check.value(plainValue(field, fieldValueOrZero(message, field)));
      if (text !== undefined) report(field.name, `"${field.name}" ${text}`);
    }
    if (field.message?.typeName === "google.protobuf.Duration") {
      this.#noNegative(message, field, report);
    }
  }

  /** Envoy refuses negative durations wherever it uses one. */
  #noNegative(message: Message, field: DescField, report: ReportRule): void {
    if (field.fieldKind !== "message") return;
    const value = fieldValue(message, field);
    if (value !== undefined && durationNanos(value) < 0n) {
      report(field.name, `"${field.name}" must not be negative`);
    }
  }

  #list(message: Message, field: DescField, check: ListCheck, report: ReportRule): void {
    const list = listOf(message, field);
    if (BigInt(list.length) < check.min) {
      const text = list.length === 0 ? "must not be empty" : `needs at least ${check.min} elements`;
      report(field.name, `"${field.name}" ${text}`);
    }
    if (check.max !== undefined && BigInt(list.length) > check.max) {
      report(field.name, `"${field.name}" may have at most ${check.max} elements`);
    }
    const seen = new Set<unknown>();
    list.forEach((item, index) => {
      const place = `${field.name}[${index}]`;
      const text = check.item?.(plainValue(field, item));
      if (text !== undefined) report(place, `"${place}" ${text}`);
      if (check.unique && seen.has(item)) report(place, `"${place}" stands twice in the list`);
      seen.add(item);
    });
  }

  #map(message: Message, field: DescField, check: MapCheck, report: ReportRule): void {
    const entries = Object.entries(mapOf(message, field));
    if (BigInt(entries.length) < check.min) {
      report(field.name, `"${field.name}" needs at least ${check.min} entries`);
    }
    if (check.max !== undefined && BigInt(entries.length) > check.max) {
      report(field.name, `"${field.name}" may have at most ${check.max} entries`);
    }
    for (const [key, value] of entries) {
      const place = `${field.name}[${JSON.stringify(key)}]`;
      const keyText = check.key?.(key);
      if (keyText !== undefined) report(place, `the key of "${place}" ${keyText}`);
      const text = check.value?.(plainValue(field, value));
      if (text !== undefined) report(place, `"${place}" ${text}`);
    }
  }

  #of(field: DescField): FieldCheck | undefined {
    if (this.#checks.has(field)) return this.#checks.get(field);
    const rules = this.#schema.rules(field);
    const check = rules && this.#compile(field, rules);
    this.#checks.set(field, check);
    return check;
  }

  #compile(field: DescField, rules: Message): FieldCheck {
    const { message, type } = rules as Message & {
      message?: Message;
      type: { case?: string; value?: Message };
    };
    const kind = type.case;
    const own = type.value ? this.#settings(type.value) : {};
    const general = message ? this.#settings(message) : {};
    const required = general["required"] === true || own["required"] === true;
    const base = { required, skip: general["skip"] === true };
    const none = { value: undefined, list: undefined, map: undefined };
    if (kind === undefined) return { ...base, ...none };
    if (kind === "repeated") return { ...base, ...none, list: this.#listCheck(field, own) };
    if (kind === "map") return { ...base, ...none, map: this.#mapCheck(field, own) };
    const value = checkOf(kind, own);
    const names = own["definedOnly"] === true ? field.enum?.values : undefined;
    if (!names) return { ...base, ...none, value };
    const defined = new Set<unknown>(names.map((name) => name.number));
    const unknown = "must be a value of its enum";
    return { ...base, ...none, value: (v) => (defined.has(v) ? value(v) : unknown) };
  }

  #listCheck(field: DescField, rules: Rules): ListCheck {
    return {
      min: (rules["minItems"] as bigint | undefined) ?? 0n,
      max: rules["maxItems"] as bigint | undefined,
      unique: rules["unique"] === true,
      item: this.#itemCheck(field, rules["items"]),
    };
  }

  #mapCheck(field: DescField, rules: Rules): MapCheck {
    return {
      min: (rules["minPairs"] as bigint | undefined) ?? 0n,
      max: rules["maxPairs"] as bigint | undefined,
      key: this.#itemCheck(field, rules["keys"]),
      value: this.#itemCheck(field, rules["values"]),
    };
  }

  #itemCheck(field: DescField, rules: unknown): Check | undefined {
    return rules ? this.#compile(field, rules as Message).value : undefined;
  }

  /** The fields of a rules message that are set, by local name. */
  #settings(rules: Message): Rules {
    const settings: Record<string, unknown> = {};
    for (const field of this.#schema.message(rules.$typeName).fields) {
      if (!isFieldSet(rules, field)) continue;
      settings[field.localName] =
        field.fieldKind === "list" ? listOf(rules, field) : fieldValue(rules, field);
    }
    return settings;
  }
}

/** The value that rules are about: of a wrapper message, what it wraps. */
function plainValue(field: DescField, value: unknown): unknown {
  if (!field.message || !isWrapperDesc(field.message) || isUnwrapped(field)) return value;
  return (value as { readonly value: unknown }).value;
}

/** Whether the field can be "not set": then its rules are for set values only. */
function knowsUnset(field: DescField): boolean {
  return field.message !== undefined || field.oneof !== undefined || field.presence === 1;
}

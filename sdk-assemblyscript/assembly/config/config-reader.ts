import { ConfigObject } from "./config-object";
import { JsonKind, JsonValue, parseJson } from "./json";

/** Parses `text` and reads it into `target`; returns what is wrong, each with its place. An empty text is `{}`. */
export function readConfig(text: string, target: ConfigObject): string[] {
  const parsed = parseJson(text.trim().length == 0 ? "{}" : text);
  const value = parsed.value;
  if (value === null) return [parsed.problem];
  const problems: string[] = [];
  readObject(value, "$", problems, target);
  return problems;
}

function readObject(
  value: JsonValue,
  path: string,
  problems: string[],
  target: ConfigObject,
): void {
  const reader = new ConfigReader(value, path, problems);
  if (!reader.isObject()) return;
  target.read(reader);
  reader.finish();
}

/**
 * The members of one JSON object. Each method takes a member's name and what it is where the member is missing, and
 * writes a problem with the member's path (`$.limits[2].rate: must be a number`) where it does not fit.
 */
export class ConfigReader {
  private readonly known: string[] = [];

  constructor(
    private readonly value: JsonValue,
    private readonly path: string,
    private readonly problems: string[],
  ) {}

  text(name: string, otherwise: string): string {
    const member = this.member(name, JsonKind.String, "a text");
    return member === null ? otherwise : member.text;
  }

  bool(name: string, otherwise: bool): bool {
    const member = this.member(name, JsonKind.Bool, "true or false");
    return member === null ? otherwise : member.bool;
  }

  number(name: string, otherwise: f64): f64 {
    const member = this.member(name, JsonKind.Number, "a number");
    return member === null ? otherwise : member.number;
  }

  /** A whole number of `least` to `most`, which are within 2^53. */
  integer(name: string, otherwise: i64, least: i64, most: i64): i64 {
    const member = this.member(name, JsonKind.Number, "a number");
    if (member === null) return otherwise;
    const number = member.number;
    if (Math.floor(number) == number && number >= <f64>least && number <= <f64>most) {
      return <i64>number;
    }
    this.problem(
      `${this.path}.${name}`,
      `must be a whole number from ${least.toString()} to ${most.toString()}`,
    );
    return otherwise;
  }

  texts(name: string, otherwise: string[]): string[] {
    const items = this.items(name);
    if (items === null) return otherwise;
    const texts: string[] = [];
    for (let i = 0; i < items.length; i++) {
      if (this.fits(items[i], JsonKind.String, `${name}[${i.toString()}]`, "a text")) {
        texts.push(items[i].text);
      }
    }
    return texts;
  }

  numbers(name: string, otherwise: f64[]): f64[] {
    const items = this.items(name);
    if (items === null) return otherwise;
    const numbers: f64[] = [];
    for (let i = 0; i < items.length; i++) {
      if (this.fits(items[i], JsonKind.Number, `${name}[${i.toString()}]`, "a number")) {
        numbers.push(items[i].number);
      }
    }
    return numbers;
  }

  /** Reads the member into `target`, which holds what it is where the member is missing. */
  object(name: string, target: ConfigObject): void {
    const member = this.member(name, JsonKind.Object, "an object");
    if (member !== null) readObject(member, `${this.path}.${name}`, this.problems, target);
  }

  /** How many objects the member holds; 0 when it is missing. Then `item` reads each. */
  count(name: string): i32 {
    const items = this.items(name);
    return items === null ? 0 : items.length;
  }

  item(name: string, index: i32, target: ConfigObject): void {
    const items = this.value.member(name)!.items;
    readObject(items[index], `${this.path}.${name}[${index.toString()}]`, this.problems, target);
  }

  /** Whether the member is there and not null. */
  has(name: string): bool {
    this.know(name);
    const member = this.value.member(name);
    return member !== null && member.kind != JsonKind.Null;
  }

  /** Says that a member is needed, when it is missing. */
  required(name: string): void {
    if (this.value.member(name) === null) this.problem(`${this.path}.${name}`, "is missing");
  }

  /** Says something else that is wrong with a member. */
  wrong(name: string, message: string): void {
    this.problem(`${this.path}.${name}`, message);
  }

  isObject(): bool {
    if (this.value.kind == JsonKind.Object) return true;
    this.problem(this.path, "must be an object");
    return false;
  }

  /** Says which members nobody has asked for. */
  finish(): void {
    const names = this.value.names;
    for (let i = 0; i < names.length; i++) {
      if (this.known.includes(names[i])) continue;
      const hint = this.known.length == 0 ? "" : `; there are ${this.known.join(", ")}`;
      this.problem(`${this.path}.${names[i]}`, `is not known${hint}`);
    }
  }

  private items(name: string): JsonValue[] | null {
    const member = this.member(name, JsonKind.Array, "a list");
    return member === null ? null : member.items;
  }

  /** Null when it is missing or does not fit. */
  private member(name: string, kind: JsonKind, what: string): JsonValue | null {
    this.know(name);
    const member = this.value.member(name);
    if (member === null || !this.fits(member, kind, name, what)) return null;
    return member;
  }

  private know(name: string): void {
    if (!this.known.includes(name)) this.known.push(name);
  }

  private fits(value: JsonValue, kind: JsonKind, name: string, what: string): bool {
    if (value.kind == kind) return true;
    this.problem(`${this.path}.${name}`, `must be ${what}`);
    return false;
  }

  private problem(path: string, message: string): void {
    this.problems.push(`${path}: ${message}`);
  }
}

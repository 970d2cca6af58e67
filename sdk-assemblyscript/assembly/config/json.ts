/** What a JSON text is made of. */
export enum JsonKind {
  Null,
  Bool,
  Number,
  String,
  Array,
  Object,
}

/** One value. Which fields count is told by `kind`. */
export class JsonValue {
  bool: bool = false;
  number: f64 = 0;
  text: string = "";
  /** Elements, or the values of `names`. */
  items: JsonValue[] = [];
  names: string[] = [];

  constructor(readonly kind: JsonKind) {}

  isText(): bool {
    return this.kind == JsonKind.String;
  }

  isNumber(): bool {
    return this.kind == JsonKind.Number;
  }

  isBool(): bool {
    return this.kind == JsonKind.Bool;
  }

  isList(): bool {
    return this.kind == JsonKind.Array;
  }

  isObject(): bool {
    return this.kind == JsonKind.Object;
  }

  /** Null when the object has no such member. */
  member(name: string): JsonValue | null {
    const at = this.names.indexOf(name);
    return at < 0 ? null : this.items[at];
  }
}

/** A JSON text, or what is wrong with it. */
export class JsonResult {
  constructor(
    readonly value: JsonValue | null,
    /** `line:column: message`; empty when there is a value. */
    readonly problem: string,
  ) {}
}

/** Parses a JSON text (RFC 8259). Names that come twice and more than 64 levels are refused. */
export function parseJson(text: string): JsonResult {
  const parser = new JsonParser(text);
  const value = parser.document();
  if (parser.problem.length == 0) return new JsonResult(value, "");
  return new JsonResult(null, parser.problem);
}

const deepest = 64;
const end: i32 = -1;

class JsonParser {
  problem: string = "";
  private at: i32 = 0;
  private depth: i32 = 0;

  constructor(private readonly text: string) {}

  document(): JsonValue {
    const value = this.value();
    this.blanks();
    if (this.at < this.text.length) this.fail("nothing may follow the value");
    return value;
  }

  private value(): JsonValue {
    this.blanks();
    const first = this.peek();
    if (first == 0x7b) return this.object();
    if (first == 0x5b) return this.array();
    if (first == 0x22) {
      const value = new JsonValue(JsonKind.String);
      value.text = this.string();
      return value;
    }
    if (first == 0x2d || isDigit(first)) return this.number();
    return this.word();
  }

  private object(): JsonValue {
    const value = new JsonValue(JsonKind.Object);
    if (!this.enter()) return value;
    if (this.takes(0x7d)) return this.leave(value);
    while (this.problem.length == 0) {
      this.blanks();
      if (this.peek() != 0x22) return this.wrong(value, "a name in quotes is expected");
      const name = this.string();
      if (value.names.includes(name)) return this.wrong(value, `"${name}" is there twice`);
      if (!this.takes(0x3a)) return this.wrong(value, "':' is expected");
      value.names.push(name);
      value.items.push(this.value());
      if (this.takes(0x7d)) break;
      if (!this.takes(0x2c)) return this.wrong(value, "',' or '}' is expected");
    }
    return this.leave(value);
  }

  private array(): JsonValue {
    const value = new JsonValue(JsonKind.Array);
    if (!this.enter()) return value;
    if (this.takes(0x5d)) return this.leave(value);
    while (this.problem.length == 0) {
      value.items.push(this.value());
      if (this.takes(0x5d)) break;
      if (!this.takes(0x2c)) return this.wrong(value, "',' or ']' is expected");
    }
    return this.leave(value);
  }

  private string(): string {
    let text = "";
    let from = ++this.at;
    while (this.problem.length == 0) {
      const unit = this.peek();
      if (unit == 0x22) break;
      if (unit < 0x20) {
        this.fail(unit == end ? "the string does not end" : "control characters must be escaped");
      } else if (unit == 0x5c) {
        text += this.text.substring(from, this.at);
        text += this.escape();
        from = this.at;
      } else this.at += 1;
    }
    text += this.text.substring(from, this.at);
    this.at += 1;
    return text;
  }

  private escape(): string {
    const unit = this.at + 1 < this.text.length ? this.text.charCodeAt(this.at + 1) : end;
    if (unit == 0x75) return this.unicodeEscape();
    const known = `"\\/bfnrt`.indexOf(String.fromCharCode(unit));
    if (unit == end || known < 0) {
      this.fail("there is no such escape");
      return "";
    }
    this.at += 2;
    return `"\\/\b\f\n\r\t`.charAt(known);
  }

  private unicodeEscape(): string {
    let unit = 0;
    for (let i = 2; i < 6; i++) {
      const digit =
        this.at + i < this.text.length ? hexDigit(this.text.charCodeAt(this.at + i)) : -1;
      if (digit < 0) {
        this.fail("four hexadecimal digits are expected");
        return "";
      }
      unit = (unit << 4) | digit;
    }
    this.at += 6;
    return String.fromCharCode(unit);
  }

  private number(): JsonValue {
    const value = new JsonValue(JsonKind.Number);
    const from = this.at;
    if (this.peek() == 0x2d) this.at += 1;
    const leading = this.peek();
    let fits = this.digits();
    if (leading == 0x30 && this.at - from > (this.text.charCodeAt(from) == 0x2d ? 2 : 1))
      fits = false;
    if (this.peek() == 0x2e) {
      this.at += 1;
      fits = this.digits() && fits;
    }
    if ((this.peek() | 0x20) == 0x65) {
      this.at += 1;
      if (this.peek() == 0x2b || this.peek() == 0x2d) this.at += 1;
      fits = this.digits() && fits;
    }
    if (!fits) return this.wrong(value, "this is no number");
    value.text = this.text.substring(from, this.at);
    value.number = F64.parseFloat(value.text);
    return value;
  }

  private digits(): bool {
    const from = this.at;
    while (isDigit(this.peek())) this.at += 1;
    return this.at > from;
  }

  private word(): JsonValue {
    const from = this.at;
    while (isLetter(this.peek())) this.at += 1;
    const word = this.text.substring(from, this.at);
    if (word == "null") return new JsonValue(JsonKind.Null);
    const value = new JsonValue(JsonKind.Bool);
    value.bool = word == "true";
    if (value.bool || word == "false") return value;
    this.at = from;
    return this.wrong(value, "a value is expected");
  }

  private enter(): bool {
    this.at += 1;
    this.depth += 1;
    if (this.depth > deepest) this.fail("nested too deeply");
    return this.problem.length == 0;
  }

  private leave(value: JsonValue): JsonValue {
    this.depth -= 1;
    return value;
  }

  /** Whether the next character is this one, which is then behind. */
  private takes(unit: i32): bool {
    this.blanks();
    if (this.peek() != unit) return false;
    this.at += 1;
    return true;
  }

  private blanks(): void {
    for (let unit = this.peek(); ; unit = this.peek()) {
      if (unit != 0x20 && unit != 0x0a && unit != 0x0d && unit != 0x09) return;
      this.at += 1;
    }
  }

  private peek(): i32 {
    return this.at < this.text.length ? this.text.charCodeAt(this.at) : end;
  }

  private wrong(value: JsonValue, message: string): JsonValue {
    this.fail(message);
    return value;
  }

  /** The first problem counts. */
  private fail(message: string): void {
    if (this.problem.length > 0) return;
    let line = 1;
    let start = 0;
    for (let i = 0; i < this.at && i < this.text.length; i++) {
      if (this.text.charCodeAt(i) != 0x0a) continue;
      line += 1;
      start = i + 1;
    }
    this.problem = `${line.toString()}:${(this.at - start + 1).toString()}: ${message}`;
  }
}

function isDigit(unit: i32): bool {
  return unit >= 0x30 && unit <= 0x39;
}

function isLetter(unit: i32): bool {
  return unit >= 0x61 && unit <= 0x7a;
}

function hexDigit(unit: i32): i32 {
  if (isDigit(unit)) return unit - 0x30;
  const letter = unit | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}

import type { Result } from "../contracts/result.ts";

/** One `%NAME(argument):maxLength%`. */
export interface FormatCommand {
  readonly name: string;
  /** What stands in the parentheses; empty when nothing does. */
  readonly argument: string;
  readonly maxLength: number | undefined;
}

// The argument ends at the first `)` that a length or the closing `%` follows; it may hold `%` and `)`.
const command = /%([A-Z0-9_]+)(?:\((.*?)\))?(?::([0-9]+))?%/y;

/** Splits a format into literal text and commands; neighbours are never both literal. */
export function parseFormat(text: string): Result<(string | FormatCommand)[], string> {
  const tokens: (string | FormatCommand)[] = [];
  let literal = "";
  let at = 0;
  while (at < text.length) {
    const percent = text.indexOf("%", at);
    literal += text.slice(at, percent < 0 ? undefined : percent);
    if (percent < 0) break;
    if (text[percent + 1] === "%") {
      literal += "%";
      at = percent + 2;
      continue;
    }
    command.lastIndex = percent;
    const match = command.exec(text);
    if (match === null) {
      return {
        ok: false,
        error: `Incorrect configuration: ${text}. Couldn't find valid command at position ${percent}`,
      };
    }
    if (literal !== "") tokens.push(literal);
    literal = "";
    const [whole, name, argument = "", length] = match;
    const maxLength = length === undefined ? undefined : Number(length);
    tokens.push({ name: name!, argument, maxLength });
    at = percent + whole.length;
  }
  if (literal !== "") tokens.push(literal);
  return { ok: true, value: tokens };
}

/**
 * The value of a scalar without quotes, as Envoy reads it: empty words, the truth words of YAML 1.1 and integers
 * are what they look like; all else is text, fractions too (fields for numbers take them as text).
 */
export function plainYamlValue(text: string): string | number | boolean | null {
  if (text === "" || text === "~" || nullWords.has(text)) return null;
  const truth = truthWords.get(text);
  if (truth !== undefined) return truth;
  return integer(text) ?? text;
}

/** The value of a scalar without quotes in JSON; undefined when JSON has no such thing. */
export function plainJsonValue(text: string): number | boolean | null | undefined {
  if (text === "null") return null;
  if (text === "true") return true;
  if (text === "false") return false;
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}

const nullWords = new Set(["null", "Null", "NULL"]);

const truthWords = new Map(
  [
    ["y", "yes", "true", "on"],
    ["n", "no", "false", "off"],
  ].flatMap((words, index) =>
    words.flatMap((word) =>
      [word, word.toUpperCase(), word[0]!.toUpperCase() + word.slice(1)].map(
        (spelled) => [spelled, index === 0] as const,
      ),
    ),
  ),
);

/**
 * Decimal, hexadecimal (`0x10`) and octal (`010`) integers. Envoy hands those beyond 32 bits on as text, which
 * integer fields take and text fields too.
 */
function integer(text: string): number | string | undefined {
  const first = text.charCodeAt(0);
  // Neither a digit nor a sign.
  if ((first < 0x30 || first > 0x39) && first !== 0x2b && first !== 0x2d) return undefined;
  const match = /^([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]+|0|[1-9]\d*)$/.exec(text);
  if (!match) return undefined;
  const digits = match[2]!;
  const magnitude = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  const value = match[1] === "-" ? -magnitude : magnitude;
  if (BigInt.asIntN(64, value) !== value) return undefined;
  return BigInt.asIntN(32, value) === value ? Number(value) : value.toString();
}

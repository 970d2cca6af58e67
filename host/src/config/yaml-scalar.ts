/** The value of a scalar without quotes, as yaml-cpp and Envoy read it. */
export function plainYamlValue(text: string): string | number | boolean | null {
  if (text === "" || text === "~" || nullWords.has(text)) return null;
  const truth = truthWords.get(text);
  if (truth !== undefined) return truth;
  const first = text.charCodeAt(0);
  // Digits, sign and dot: nothing else begins a number.
  if ((first < 0x30 || first > 0x39) && first !== 0x2b && first !== 0x2d && first !== 0x2e) {
    return text;
  }
  return integer(text) ?? float(text) ?? text;
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
  const match = /^([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]+|0|[1-9]\d*)$/.exec(text);
  if (!match) return undefined;
  const digits = match[2]!;
  const magnitude = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  const value = match[1] === "-" ? -magnitude : magnitude;
  if (BigInt.asIntN(64, value) !== value) return undefined;
  return BigInt.asIntN(32, value) === value ? Number(value) : value.toString();
}

function float(text: string): number | undefined {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : undefined;
  }
  const special = /^([+-]?)\.(inf|Inf|INF)$/.exec(text);
  if (special) return special[1] === "-" ? -Infinity : Infinity;
  return /^\.(?:nan|NaN|NAN)$/.test(text) ? Number.NaN : undefined;
}

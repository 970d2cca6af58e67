// How C++ prints floating-point numbers, in the four ways that Envoy's stats pages use.

/** The shortest text that reads back as the same number (`{}`). */
export function shortest(value: number): string {
  return Number.isNaN(value) ? "nan" : String(value);
}

/** `%.<digits>g`: scientific for large and small numbers, without trailing zeros. */
export function general(value: number, digits: number): string {
  if (value === 0) return "0";
  const [mantissa, exponentText] = value.toExponential(digits - 1).split("e") as [string, string];
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= digits) return `${trimmed(mantissa)}e${padded(exponent)}`;
  return trimmed(value.toFixed(Math.max(0, digits - 1 - exponent)));
}

const shownDigits = 32;
const allDigits = 100;

/** `%.32g`, which shows nearly all digits of the binary number. */
export function exact(value: number): string {
  if (Number.isInteger(value)) return BigInt(value).toString();
  const rounded = value.toPrecision(shownDigits);
  // In the middle between two texts C takes the even one, JavaScript the larger one.
  const all = value.toPrecision(allDigits);
  const rest = all.slice(rounded.length);
  const truncated = all.slice(0, rounded.length);
  const isTie = /^50*$/.test(rest) && /[02468]$/.test(truncated);
  return trimmed(isTie ? truncated : rounded);
}

/** The shorter of the fixed and the scientific text, the fixed one when both are as long (`std::to_chars`). */
export function shortestOfBoth(value: number): string {
  const fixed = String(value);
  const [mantissa, exponent] = value.toExponential().split("e") as [string, string];
  const scientific = `${mantissa}e${padded(Number(exponent))}`;
  return scientific.length < fixed.length ? scientific : fixed;
}

function trimmed(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function padded(exponent: number): string {
  return `${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

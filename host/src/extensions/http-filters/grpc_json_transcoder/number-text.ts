/** Significant digits that are tried first, and those with which every value is exact. */
const digits = { double: [15, 17], float: [6, 9] } as const;

/** A number as protobuf's JSON converter prints it (`%.*g`), which is not always the shortest; quoted if it is none. */
export function numberText(value: number, type: keyof typeof digits): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  const [few, all] = digits[type];
  const short = printG(value, few);
  const read = type === "float" ? Math.fround(Number(short)) : Number(short);
  return read === value ? short : printG(value, all);
}

/** As C's `%.<precision>g`. */
function printG(value: number, precision: number): string {
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const [mantissa = "", exponent = "0"] = value.toExponential(precision - 1).split("e");
  const power = Number(exponent);
  if (power >= -4 && power < precision) {
    return withoutZeros(value.toFixed(precision - 1 - power));
  }
  const sign = power < 0 ? "-" : "+";
  return `${withoutZeros(mantissa)}e${sign}${String(Math.abs(power)).padStart(2, "0")}`;
}

const withoutZeros = (text: string): string =>
  text.includes(".") ? text.replace(/\.?0+$/, "") : text;

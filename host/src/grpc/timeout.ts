const units = [
  [1, "m"],
  [1000, "S"],
  [60_000, "M"],
  [3_600_000, "H"],
] as const;
const digitsMax = 99_999_999;

/** The value of `grpc-timeout`, which has at most eight digits: in the smallest unit in which it has. */
export function grpcTimeout(ms: number): string {
  for (const [size, unit] of units) {
    const value = Math.floor(ms / size);
    if (value <= digitsMax) return `${value}${unit}`;
  }
  return `${digitsMax}H`;
}

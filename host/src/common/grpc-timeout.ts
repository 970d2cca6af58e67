/** Milliseconds of the units of `grpc-timeout` (gRPC over HTTP/2, section Requests). */
const unitMs: { readonly [unit: string]: number } = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};
const written = ["m", "S", "M", "H"] as const;
const largestValue = 99_999_999;

/** The value of `grpc-timeout`, which has at most eight digits: in the finest unit, from milliseconds on, that takes it. */
export function grpcTimeout(ms: number): string {
  for (const unit of written) {
    const value = Math.floor(ms / unitMs[unit]!);
    if (value <= largestValue) return `${value}${unit}`;
  }
  return `${largestValue}H`;
}

/** Milliseconds; undefined for what is no timeout: it is then as if the header were not there. */
export function parseGrpcTimeout(text: string | undefined): number | undefined {
  const parts = text === undefined ? null : /^(\d{1,8})([HMSmun])$/.exec(text);
  return parts === null ? undefined : Math.ceil(Number(parts[1]) * unitMs[parts[2]!]!);
}

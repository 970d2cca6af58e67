import { GrpcStatus } from "./status.ts";

const statusOfCondition: { readonly [condition: string]: number } = {
  cancelled: GrpcStatus.Cancelled,
  "deadline-exceeded": GrpcStatus.DeadlineExceeded,
  internal: GrpcStatus.Internal,
  "resource-exhausted": GrpcStatus.ResourceExhausted,
  unavailable: GrpcStatus.Unavailable,
};

/** The statuses that `retry_on` names; a text when one of the names is of none: why, and what may stand there. */
export function retryStatuses(retryOn: string): number[] | string {
  const statuses: number[] = [];
  for (const condition of retryOn.split(",")) {
    const name = condition.trim();
    if (name === "") continue;
    if (!Object.hasOwn(statusOfCondition, name)) {
      const known = Object.keys(statusOfCondition).join(", ");
      return `"${name}" is not supported for gRPC; it may name ${known}`;
    }
    statuses.push(statusOfCondition[name]!);
  }
  return statuses;
}

/** What is waited before the first retry, unless it is said. */
export const retryBaseMs = 25;
/** The longest wait, as a multiple of the first, unless it is said. */
export const retryMaxFactor = 10;

import type { ResponseHeaderMap } from "../../../contracts/headers.ts";
import type { DescriptorStatus } from "../../common/ratelimit/rate-limit-response.ts";

/** The status of the limit that is closest to being reached; undefined when none has one. */
export function tightest(statuses: readonly DescriptorStatus[]): DescriptorStatus | undefined {
  let least: DescriptorStatus | undefined;
  for (const status of statuses) {
    if (status.limit === undefined) continue;
    if (least === undefined || status.remaining < least.remaining) least = status;
  }
  return least;
}

/** `x-ratelimit-*` (draft-polli-ratelimit-headers-03). */
export function addLimitHeaders(
  headers: ResponseHeaderMap,
  statuses: readonly DescriptorStatus[],
): void {
  const least = tightest(statuses);
  if (least === undefined) return;
  let policies = "";
  for (const { limit } of statuses) {
    if (limit === undefined || limit.windowSeconds === 0) continue;
    policies += `, ${limit.requestsPerUnit};w=${limit.windowSeconds}`;
    if (limit.name !== "") policies += `;name="${limit.name}"`;
  }
  headers.add("x-ratelimit-limit", `${least.limit!.requestsPerUnit}${policies}`);
  headers.add("x-ratelimit-remaining", String(least.remaining));
  headers.add("x-ratelimit-reset", String(least.secondsUntilReset));
}

import type { PrepareContext } from "../contracts/extension.ts";
import type { Result } from "../contracts/result.ts";
import type { Found } from "./found.ts";
import type { Place, ProblemList } from "./problem.ts";

/** Makes the context for the filter of a name. */
export type PrepareContextFor = (filterName: string) => PrepareContext;

/**
 * Calls `prepare` of all extensions that parsing came across, and puts what it gives into their configurations.
 * What is refused, or takes longer than the context's deadline, is reported.
 */
export async function prepareAll(
  found: Found,
  contextFor: PrepareContextFor,
  problems: ProblemList,
): Promise<void> {
  for (const { extension, factory, place } of found.extensions) {
    if (!factory.prepare) continue;
    const context = contextFor(extension.name);
    const result = factory.prepare(extension.config, context);
    await settle(extension, result, context.deadlineMs, { place, problems });
  }
  for (const { routeConfig, factory, place } of found.routeConfigs) {
    if (!factory.prepareRouteConfig) continue;
    const context = contextFor(routeConfig.filterName);
    const result = factory.prepareRouteConfig(routeConfig.config, context);
    await settle(routeConfig, result, context.deadlineMs, { place, problems });
  }
}

async function settle(
  target: { readonly config: unknown },
  result: Promise<Result<unknown, string>>,
  deadlineMs: number,
  report: { readonly place: Place; readonly problems: ProblemList },
): Promise<void> {
  const settled = await withDeadline(result, deadlineMs);
  if (settled.ok) (target as { config: unknown }).config = settled.value;
  else report.problems.error(report.place, settled.error);
}

async function withDeadline(
  result: Promise<Result<unknown, string>>,
  deadlineMs: number,
): Promise<Result<unknown, string>> {
  const { promise, resolve } = Promise.withResolvers<Result<unknown, string>>();
  const text = `not prepared within ${deadlineMs} ms`;
  const timer = setTimeout(() => resolve({ ok: false, error: text }), deadlineMs);
  try {
    return await Promise.race([result, promise]);
  } finally {
    clearTimeout(timer);
  }
}

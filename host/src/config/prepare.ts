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
    const { context, deadline } = timed(contextFor(extension.name));
    const result = factory.prepare(extension.config, context);
    await settle(extension, result, deadline, { place, problems });
  }
  for (const { routeConfig, factory, place } of found.routeConfigs) {
    if (!factory.prepareRouteConfig) continue;
    const { context, deadline } = timed(contextFor(routeConfig.filterName));
    const result = factory.prepareRouteConfig(routeConfig.config, context);
    await settle(routeConfig, result, deadline, { place, problems });
  }
}

async function settle(
  target: { readonly config: unknown },
  result: Promise<Result<unknown, string>>,
  deadline: Deadline,
  report: { readonly place: Place; readonly problems: ProblemList },
): Promise<void> {
  const settled = await deadline.within(result);
  if (settled.ok) (target as { config: unknown }).config = settled.value;
  else report.problems.error(report.place, settled.error);
}

/** The context with a deadline that stands still while a peer is waited for. */
function timed(context: PrepareContext): { context: PrepareContext; deadline: Deadline } {
  const deadline = new Deadline(context.deadlineMs);
  return {
    context: { ...context, waitFor: (promise) => deadline.standStill(promise) },
    deadline,
  };
}

class Deadline {
  readonly #ms: number;
  readonly #passed = Promise.withResolvers<Result<unknown, string>>();
  #timer: NodeJS.Timeout | undefined;
  #waits = 0;

  constructor(ms: number) {
    this.#ms = ms;
  }

  async within(result: Promise<Result<unknown, string>>): Promise<Result<unknown, string>> {
    if (this.#waits === 0) this.#start();
    try {
      return await Promise.race([result, this.#passed.promise]);
    } finally {
      clearTimeout(this.#timer);
    }
  }

  async standStill<T>(promise: Promise<T>): Promise<T> {
    this.#waits += 1;
    clearTimeout(this.#timer);
    try {
      return await promise;
    } finally {
      this.#waits -= 1;
      if (this.#waits === 0) this.#start();
    }
  }

  #start(): void {
    const error = `not prepared within ${this.#ms} ms`;
    this.#timer = setTimeout(() => this.#passed.resolve({ ok: false, error }), this.#ms);
  }
}

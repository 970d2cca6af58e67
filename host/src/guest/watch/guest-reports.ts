import type { WorkerContext } from "../../contracts/runtime.ts";
import type {
  GuestReport,
  LuaScriptError,
  LuaScriptReport,
  WasmFailure,
  WasmPluginReport,
} from "./guest-report.ts";

/** How many failures are kept. */
const recentMax = 16;

/** The last ones of many. */
export class Recent<T> {
  readonly #entries: T[] = [];

  add(entry: T): void {
    this.#entries.unshift(entry);
    if (this.#entries.length > recentMax) this.#entries.pop();
  }

  /** Latest first; a copy. */
  all(): T[] {
    return [...this.#entries];
  }
}

/** Gathers what the guests of one thread tell of themselves. */
export class GuestReports {
  readonly failures = new Recent<WasmFailure>();
  readonly scriptErrors = new Recent<LuaScriptError>();
  readonly #plugins = new Set<() => readonly WasmPluginReport[]>();
  readonly #scripts = new Set<() => readonly LuaScriptReport[]>();

  /** One more that knows plugins, until the function that is returned is called. */
  addPlugins(report: () => readonly WasmPluginReport[]): () => void {
    this.#plugins.add(report);
    return () => this.#plugins.delete(report);
  }

  /** One more that has scripts, until the function that is returned is called. */
  addScripts(report: () => readonly LuaScriptReport[]): () => void {
    this.#scripts.add(report);
    return () => this.#scripts.delete(report);
  }

  report(): GuestReport {
    return {
      plugins: [...this.#plugins].flatMap((report) => [...report()]),
      failures: this.failures.all(),
      scripts: [...this.#scripts].flatMap((report) => [...report()]),
      scriptErrors: this.scriptErrors.all(),
    };
  }
}

/** Those of a thread. */
export function guestReportsOf(context: Pick<WorkerContext, "singleton">): GuestReports {
  return context.singleton("sluice.guest_reports", () => new GuestReports());
}

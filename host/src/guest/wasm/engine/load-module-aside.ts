import { Worker } from "node:worker_threads";
import { moduleUrl } from "../../../common/module-url.ts";
import type { Result } from "../../../contracts/result.ts";
import type { EffectiveLimits } from "../../limits/effective-limits.ts";
import type { LoadedModule } from "../plugin.ts";
import { loadModule } from "./load-module.ts";

/** Smaller modules are rewritten sooner than a thread is started. */
export const asideBytes = 1024 * 1024;

/** How long the thread waits for the next module: its code is compiled by then, which costs more than to rewrite one. */
const keptMs = 30_000;

/** What the thread is asked, and answers. */
export interface LoadRequest {
  readonly id: number;
  readonly code: Uint8Array;
  readonly limits: EffectiveLimits;
}

export interface LoadAnswer {
  readonly id: number;
  readonly result: Result<LoadedModule, string>;
}

type Resolve = (result: Result<LoadedModule, string>) => void;

/**
 * `loadModule`, in a thread of its own for modules so large that they would hold this one up. The thread gives way to
 * those that serve traffic, and ends when nothing has been loaded for a while.
 */
export class ModuleLoader {
  readonly #waiting = new Map<number, Resolve>();
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #lastId = 0;

  load(code: Uint8Array, limits: EffectiveLimits): Promise<Result<LoadedModule, string>> {
    if (code.length < asideBytes) return loadModule(code, limits);
    clearTimeout(this.#idle);
    const worker = (this.#worker ??= this.#start());
    worker.ref();
    const { promise, resolve } = Promise.withResolvers<Result<LoadedModule, string>>();
    this.#lastId += 1;
    this.#waiting.set(this.#lastId, resolve);
    worker.postMessage({ id: this.#lastId, code, limits } satisfies LoadRequest);
    return promise;
  }

  #start(): Worker {
    const worker = new Worker(moduleUrl("./load-module-thread", import.meta.url), {
      name: "wasm_loader",
    });
    worker.on("message", ({ id, result }: LoadAnswer) => this.#answered(worker, id, result));
    worker.once("error", (error) => this.#ended(worker, `loading it failed: ${messageOf(error)}`));
    worker.once("exit", () => this.#ended(worker, "the thread that loads it has ended"));
    return worker;
  }

  #answered(worker: Worker, id: number, result: Result<LoadedModule, string>): void {
    this.#waiting.get(id)?.(result);
    this.#waiting.delete(id);
    if (this.#waiting.size > 0) return;
    // Nobody stays alive for a thread that waits.
    worker.unref();
    this.#idle = setTimeout(() => {
      // Ending takes a moment; whoever loads until then needs another one.
      this.#worker = undefined;
      void worker.terminate();
    }, keptMs).unref();
  }

  #ended(worker: Worker, error: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    clearTimeout(this.#idle);
    for (const resolve of this.#waiting.values()) resolve({ ok: false, error });
    this.#waiting.clear();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

import { headerMapOf } from "../../../common/headers/header-map.ts";
import type { RandomSource, TimeSource } from "../../../contracts/event.ts";
import type { Result } from "../../../contracts/result.ts";
import type { Counter, Gauge, StatsScope } from "../../../contracts/stats.ts";
import type { AsyncClientResponse } from "../../../contracts/upstream/async-client.ts";
import type { ClusterManager } from "../../../contracts/upstream/cluster.ts";
import { type CodeFiles, sha256Of } from "./code-files.ts";
import type { RemoteCode } from "./remote-code.ts";

/** Code that nobody asked for in this time is forgotten; a failure is for that time. Both as in Envoy. */
const keptMs = 24 * 3600 * 1000;
const failureKeptMs = 10_000;

/** What the store needs of the main thread. */
export interface CodeStoreEnvironment {
  clusters(): Promise<ClusterManager>;
  readonly files: CodeFiles;
  readonly time: TimeSource;
  readonly random: RandomSource;
  /** Resolves after `ms`. */
  sleep(ms: number): Promise<void>;
}

interface Entry {
  usedMs: number;
  /** Set while it is being fetched. */
  fetching: Promise<Result<Uint8Array, string>> | undefined;
  outcome: Result<Uint8Array, string> | undefined;
  failedMs: number;
}

/** What is known of a piece of code without asking anybody. */
export type CodeLookup =
  | { readonly kind: "code"; readonly code: Uint8Array }
  | { readonly kind: "failed"; readonly error: string }
  | { readonly kind: "absent" };

/** The code of plugins that comes from elsewhere, by its SHA-256 (Envoy: the code cache). */
export class CodeStore {
  readonly #environment: CodeStoreEnvironment;
  readonly #stats: CodeStoreStats;
  readonly #entries = new Map<string, Entry>();

  constructor(environment: CodeStoreEnvironment, stats: CodeStoreStats) {
    this.#environment = environment;
    this.#stats = stats;
  }

  /** Code that is here, or that could not be had a moment ago. */
  lookUp(remote: RemoteCode): CodeLookup {
    const nowMs = this.#environment.time.monotonicMs();
    this.#forgetOld(nowMs);
    const known = this.#entries.get(remote.sha256);
    if (known !== undefined) known.usedMs = nowMs;
    const outcome = known?.outcome ?? this.#fromFile(remote.sha256, nowMs);
    if (outcome?.ok === true) {
      this.#stats.hits.inc();
      return { kind: "code", code: outcome.value };
    }
    if (outcome !== undefined && nowMs - known!.failedMs < failureKeptMs) {
      this.#stats.negativeHits.inc();
      return { kind: "failed", error: outcome.error };
    }
    this.#stats.misses.inc();
    return { kind: "absent" };
  }

  /** Fetches the code, with the retries that are configured. Those who ask meanwhile get the same. */
  fetch(remote: RemoteCode): Promise<Result<Uint8Array, string>> {
    const nowMs = this.#environment.time.monotonicMs();
    const entry = this.#entries.get(remote.sha256) ?? newEntry(nowMs);
    this.#entries.set(remote.sha256, entry);
    entry.fetching ??= this.#fetchInto(entry, remote);
    return entry.fetching;
  }

  async #fetchInto(entry: Entry, remote: RemoteCode): Promise<Result<Uint8Array, string>> {
    const outcome = await this.#tryAll(remote);
    entry.outcome = outcome;
    entry.fetching = undefined;
    if (outcome.ok) {
      this.#stats.fetchSuccesses.inc();
      this.#environment.files.write(remote.sha256, outcome.value);
    } else {
      this.#stats.fetchFailures.inc();
      entry.failedMs = this.#environment.time.monotonicMs();
    }
    this.#stats.entries.set(this.#entries.size);
    return outcome;
  }

  async #tryAll(remote: RemoteCode): Promise<Result<Uint8Array, string>> {
    let outcome = await this.#try(remote);
    for (let retry = 1; retry <= remote.retries && !outcome.ok; retry += 1) {
      const most = Math.min(remote.retryBaseMs * 2 ** retry, remote.retryMaxMs);
      const wait = remote.retryBaseMs / 2 + (this.#environment.random.uint32() % most);
      await this.#environment.sleep(wait);
      outcome = await this.#try(remote);
    }
    return outcome;
  }

  async #try(remote: RemoteCode): Promise<Result<Uint8Array, string>> {
    const response = await this.#ask(remote);
    if (!response.ok) return response;
    const { headers, body } = response.value;
    const refused = (text: string): Result<Uint8Array, string> => ({
      ok: false,
      error: `fetching ${remote.uri} through cluster ${remote.cluster}: ${text}`,
    });
    const status = headers.get(":status") ?? "";
    if (status !== "200") return refused(`the answer has status ${status}, not 200`);
    const code = Uint8Array.from(body.toBuffer());
    if (code.length === 0) return refused("the answer is empty");
    const sha256 = sha256Of(code);
    if (sha256 === remote.sha256) return { ok: true, value: code };
    return refused(`the content has sha256 ${sha256}, and ${remote.sha256} is configured`);
  }

  async #ask(remote: RemoteCode): Promise<Result<AsyncClientResponse, string>> {
    const { promise, resolve } = Promise.withResolvers<Result<AsyncClientResponse, string>>();
    const clusters = await this.#environment.clusters();
    const cluster = clusters.getThreadLocalCluster(remote.cluster);
    const failed = (text: string): void => resolve({ ok: false, error: text });
    if (cluster === undefined) {
      failed(`there is no cluster ${remote.cluster} to fetch ${remote.uri} through`);
      return promise;
    }
    const headers = headerMapOf([
      [":method", "GET"],
      [":path", remote.path],
      [":authority", remote.authority],
    ]);
    cluster.httpAsyncClient().send(
      { headers, body: undefined, trailers: undefined, timeoutMs: remote.timeoutMs, sendXff: true },
      {
        onSuccess: (response) => resolve({ ok: true, value: response }),
        onFailure: (reason) =>
          failed(`fetching ${remote.uri} through cluster ${remote.cluster}: ${reason}`),
      },
    );
    return promise;
  }

  #fromFile(sha256: string, nowMs: number): Result<Uint8Array, string> | undefined {
    const code = this.#environment.files.read(sha256);
    if (code === undefined) return undefined;
    const entry = newEntry(nowMs);
    entry.outcome = { ok: true, value: Uint8Array.from(code) };
    this.#entries.set(sha256, entry);
    this.#stats.entries.set(this.#entries.size);
    return entry.outcome;
  }

  #forgetOld(nowMs: number): void {
    for (const [sha256, { usedMs, fetching }] of this.#entries) {
      if (fetching === undefined && nowMs - usedMs > keptMs) this.#entries.delete(sha256);
    }
    this.#stats.entries.set(this.#entries.size);
  }
}

function newEntry(nowMs: number): Entry {
  return { usedMs: nowMs, fetching: undefined, outcome: undefined, failedMs: 0 };
}

/** `wasm.remote_load_…` */
export interface CodeStoreStats {
  readonly hits: Counter;
  readonly negativeHits: Counter;
  readonly misses: Counter;
  readonly fetchSuccesses: Counter;
  readonly fetchFailures: Counter;
  readonly entries: Gauge;
}

export function codeStoreStats(root: StatsScope): CodeStoreStats {
  const scope = root.scope("wasm");
  return {
    hits: scope.counter("remote_load_cache_hits"),
    negativeHits: scope.counter("remote_load_cache_negative_hits"),
    misses: scope.counter("remote_load_cache_misses"),
    fetchSuccesses: scope.counter("remote_load_fetch_successes"),
    fetchFailures: scope.counter("remote_load_fetch_failures"),
    entries: scope.gauge("remote_load_cache_entries"),
  };
}

import type { Counter, Histogram, StatsScope } from "../contracts/stats.ts";
import type { CodeStats, ResponseOrigin } from "../contracts/upstream/cluster.ts";

/** The counters of one place, by code; a place comes into being with its first response. */
class CodeCounters {
  readonly #scope: StatsScope;
  readonly #completed: Counter;
  readonly #classes: (Counter | undefined)[] = [];
  readonly #codes: (Counter | undefined)[] = Array.from({ length: 600 }, () => undefined);
  #time: Histogram | undefined = undefined;

  constructor(scope: StatsScope) {
    this.#scope = scope;
    this.#completed = scope.counter("upstream_rq_completed");
    for (let i = 0; i < 6; i += 1) this.#classes.push(undefined);
  }

  /** `code`: 100–599. */
  charge(code: number): void {
    this.#completed.inc();
    const counter = this.#codes[code];
    if (counter === undefined) {
      this.#chargeFirst(code);
      return;
    }
    counter.inc();
    this.#classes[(code / 100) | 0]!.inc();
  }

  chargeTime(ms: number): void {
    this.#time ??= this.#scope.histogram("upstream_rq_time", "ms");
    this.#time.record(ms);
  }

  #chargeFirst(code: number): void {
    const first = (code / 100) | 0;
    const ofClass = this.#scope.counter(`upstream_rq_${first}xx`);
    const ofCode = this.#scope.counter(`upstream_rq_${code}`);
    this.#classes[first] = ofClass;
    this.#codes[code] = ofCode;
    ofClass.inc();
    ofCode.inc();
  }
}

/** `CodeStats` below one scope. */
export class CodeStatsImpl implements CodeStats {
  readonly #scope: StatsScope;
  /** The zone of this process; empty when unknown. */
  readonly #localZone: string;
  readonly #all: CodeCounters;
  #internal: CodeCounters | undefined = undefined;
  #external: CodeCounters | undefined = undefined;
  #canary: CodeCounters | undefined = undefined;
  readonly #byZone = new Map<string, CodeCounters>();
  readonly #below = new Map<string, CodeStatsImpl>();

  constructor(scope: StatsScope, localZone: string) {
    this.#scope = scope;
    this.#localZone = localZone;
    this.#all = new CodeCounters(scope);
  }

  chargeResponse(code: number, origin: ResponseOrigin): void {
    this.#all.charge(code);
    if (origin.canary) this.#ofCanary().charge(code);
    this.#bySource(origin).charge(code);
    this.#ofZone(origin)?.charge(code);
  }

  chargeResponseTime(ms: number, origin: ResponseOrigin): void {
    this.#all.chargeTime(ms);
    if (origin.canary) this.#ofCanary().chargeTime(ms);
    this.#bySource(origin).chargeTime(ms);
    this.#ofZone(origin)?.chargeTime(ms);
  }

  below(prefix: string): CodeStats {
    let stats = this.#below.get(prefix);
    if (stats === undefined) {
      stats = new CodeStatsImpl(this.#scope.scope(prefix), this.#localZone);
      this.#below.set(prefix, stats);
    }
    return stats;
  }

  #bySource(origin: ResponseOrigin): CodeCounters {
    if (origin.internal) {
      this.#internal ??= new CodeCounters(this.#scope.scope("internal"));
      return this.#internal;
    }
    this.#external ??= new CodeCounters(this.#scope.scope("external"));
    return this.#external;
  }

  #ofCanary(): CodeCounters {
    this.#canary ??= new CodeCounters(this.#scope.scope("canary"));
    return this.#canary;
  }

  #ofZone(origin: ResponseOrigin): CodeCounters | undefined {
    const zone = origin.host?.locality.zone ?? "";
    if (this.#localZone === "" || zone === "") return undefined;
    let counters = this.#byZone.get(zone);
    if (counters === undefined) {
      counters = new CodeCounters(this.#scope.scope(`zone.${this.#localZone}.${zone}`));
      this.#byZone.set(zone, counters);
    }
    return counters;
  }
}

import type { Histogram } from "../../../contracts/stats.ts";
import type { SharedMetric } from "../../shared/shared-metrics.ts";
import type { HostFunction, LuaEngine } from "../engine/lua-engine.ts";
import { LuaType, registryIndex } from "../engine/lua-exports.ts";
import { histogramUnitOf, type ScriptStats } from "../script-stats.ts";
import { type LuaObject, type LuaObjects, LuaTypeId } from "./lua-objects.ts";
import type { MethodTable } from "./type-definition.ts";
import { untilNul } from "./values.ts";

/** `stats()`: the filter's scope. */
export class StatsScopeObject implements LuaObject {
  readonly type = LuaTypeId.StatsScope;
  readonly stats: ScriptStats;

  constructor(stats: ScriptStats) {
    this.stats = stats;
  }
}

/** A counter, gauge or histogram. A script may keep it: there is one for each stat, and it lives as long as the state. */
class StatObject<Stat> implements LuaObject {
  readonly type: LuaTypeId;
  readonly stat: Stat;

  constructor(type: LuaTypeId, stat: Stat) {
    this.type = type;
    this.stat = stat;
  }
}

/** Above this an amount does not fit into Envoy's 64-bit integers. */
const amountMax = 2 ** 63;

/** The methods of what `stats()` gives. */
export class StatsMethods {
  readonly #engine: LuaEngine;
  readonly #objects: LuaObjects;
  /** References to the userdata of stats that have one. */
  readonly #userdata = new Map<SharedMetric | Histogram, bigint>();

  constructor(engine: LuaEngine, objects: LuaObjects) {
    this.#engine = engine;
    this.#objects = objects;
  }

  scope(): MethodTable {
    return {
      methods: {
        counter: (L) => this.#pushMetric(L, "counter", LuaTypeId.StatsCounter),
        gauge: (L) => this.#pushMetric(L, "gauge", LuaTypeId.StatsGauge),
        histogram: (L) => this.#pushHistogram(L),
      },
      metamethods: {},
    };
  }

  counter(): MethodTable {
    const self = (L: number): SharedMetric => this.#stat(L, LuaTypeId.StatsCounter);
    return {
      methods: {
        inc: (L) => {
          self(L).add(1n);
          return 0;
        },
        add: (L) => {
          self(L).add(this.#amount(L, "counter add amount"));
          return 0;
        },
        value: this.#value(self),
      },
      metamethods: {},
    };
  }

  gauge(): MethodTable {
    const self = (L: number): SharedMetric => this.#stat(L, LuaTypeId.StatsGauge);
    return {
      methods: {
        inc: (L) => {
          self(L).add(1n);
          return 0;
        },
        dec: (L) => {
          self(L).add(-1n);
          return 0;
        },
        add: (L) => {
          self(L).add(this.#amount(L, "gauge add amount"));
          return 0;
        },
        sub: (L) => {
          self(L).add(-this.#amount(L, "gauge sub amount"));
          return 0;
        },
        set: (L) => {
          self(L).set(this.#amount(L, "gauge set value"));
          return 0;
        },
        value: this.#value(self),
      },
      metamethods: {},
    };
  }

  histogram(): MethodTable {
    return {
      methods: {
        recordValue: (L) => {
          const histogram = this.#stat<Histogram>(L, LuaTypeId.StatsHistogram);
          histogram.record(Number(this.#amount(L, "histogram value")));
          return 0;
        },
      },
      metamethods: {},
    };
  }

  #value(self: (L: number) => SharedMetric): HostFunction {
    return (L) => {
      // A gauge below zero wraps, as an unsigned integer does.
      this.#engine.api.lua_pushnumber(L, Number(BigInt.asUintN(64, self(L).value)));
      return 1;
    };
  }

  #pushMetric(L: number, kind: "counter" | "gauge", type: LuaTypeId): number {
    const scope = this.#objects.check<StatsScopeObject>(L, 1, LuaTypeId.StatsScope);
    const name = untilNul(this.#engine.checkString(L, 2));
    return this.#push(L, scope.stats.metric(kind, name), type);
  }

  #pushHistogram(L: number): number {
    const engine = this.#engine;
    const scope = this.#objects.check<StatsScopeObject>(L, 1, LuaTypeId.StatsScope);
    const name = untilNul(engine.checkString(L, 2));
    const given =
      engine.api.lua_type(L, 3) > LuaType.Nil ? engine.checkString(L, 3) : "unspecified";
    const unit = histogramUnitOf(given);
    if (unit === undefined) {
      return engine.throwError(
        L,
        `invalid histogram unit '${given}', expected 'ms', 'milliseconds', 'microseconds', 'nanoseconds', 'bytes', or 'unspecified'`,
      );
    }
    return this.#push(L, scope.stats.histogram(name, unit), LuaTypeId.StatsHistogram);
  }

  #push(L: number, stat: SharedMetric | Histogram | undefined, type: LuaTypeId): number {
    const { api } = this.#engine;
    if (stat === undefined) {
      return this.#engine.throwError(L, "the filter has too many stats, or the name is too long");
    }
    const known = this.#userdata.get(stat);
    if (known !== undefined) {
      api.lua_rawgeti(L, registryIndex, known);
      return 1;
    }
    this.#objects.push(L, new StatObject(type, stat));
    api.lua_pushvalue(L, -1);
    this.#userdata.set(stat, BigInt(this.#engine.reference(L)));
    return 1;
  }

  #stat<Stat>(L: number, type: LuaTypeId): Stat {
    return this.#objects.check<StatObject<Stat>>(L, 1, type).stat;
  }

  /** The argument, as the whole number that Envoy makes of it. */
  #amount(L: number, what: string): bigint {
    const value = Math.trunc(this.#engine.api.luaL_checknumber(L, 2));
    if (!(value >= 0 && value < amountMax)) {
      this.#engine.throwError(L, `${what} must be non-negative`);
    }
    return BigInt(value);
  }
}

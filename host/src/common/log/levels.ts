import type { LogLevel } from "../../contracts/log.ts";
import type { Result } from "../../contracts/result.ts";

/** Levels, least severe first; the place is the number that the shared memory holds. */
export const logLevels: readonly LogLevel[] = [
  "trace",
  "debug",
  "info",
  "warning",
  "error",
  "critical",
  "off",
];

/** Components, in the order in which `/logging` prints them. */
export const logComponents: readonly string[] = (
  "a2a admin ai_protocol_manager alternate_protocols_cache aws assert backtrace basic_auth cache_filter client " +
  "config connection conn_handler compression credential_injector decompression dns dubbo envoy_bug ext_authz " +
  "ext_proc rocketmq file filter forward_proxy geolocation grpc happy_eyeballs hc health_checker http http2 " +
  "hystrix init io jwt json_rpc kafka key_value_store lua local_rate_limit main matcher mcp misc mongo " +
  "multi_connection notification oauth2 quic quic_stream pool rate_limit_quota rbac rds redis router runtime " +
  "stats secret sse tap testing thrift tracing upstream udp wasm websocket golang stats_sinks dynamic_modules " +
  "ip_tagging"
).split(" ");

const componentIndex = new Map(logComponents.map((name, index) => [name, index]));
const levelIndex = new Map(logLevels.map((name, index) => [name, index]));
const misc = componentIndex.get("misc")!;

/**
 * The level of each component, in memory that all threads share: a change acts everywhere at once. A name that
 * is no component has the level of `misc`.
 */
export class LogLevels {
  /** To be handed to other threads. */
  readonly memory: SharedArrayBuffer;
  readonly #levels: Uint8Array;

  /** Without `memory`: a new table, everything at `info`. */
  constructor(memory?: SharedArrayBuffer) {
    this.memory = memory ?? new SharedArrayBuffer(logComponents.length);
    this.#levels = new Uint8Array(this.memory);
    if (memory === undefined) this.setAll("info");
  }

  get(component: string): LogLevel {
    return logLevels[this.#levels[indexOf(component)]!]!;
  }

  /** False when there is no such component. */
  set(component: string, level: LogLevel): boolean {
    const index = componentIndex.get(component);
    if (index === undefined) return false;
    this.#levels[index] = numberOf(level);
    return true;
  }

  setAll(level: LogLevel): void {
    this.#levels.fill(numberOf(level));
  }

  /** Where the component's level stands in `memory`. */
  static indexOf(component: string): number {
    return indexOf(component);
  }

  /** A level as the number that `memory` holds. */
  static numberOf(level: LogLevel): number {
    return numberOf(level);
  }
}

function indexOf(component: string): number {
  return componentIndex.get(component) ?? misc;
}

function numberOf(level: LogLevel): number {
  return levelIndex.get(level)!;
}

/** A level's name; with `aliases`, the short forms of the command line (`warn`) too. */
export function parseLogLevel(name: string, aliases = false): LogLevel | undefined {
  if (aliases && name === "warn") return "warning";
  return logLevels.find((level) => level === name);
}

/** `upstream:debug,http:trace`, as `--component-log-level` has it. */
export function parseComponentLogLevels(
  text: string,
): Result<readonly (readonly [component: string, level: LogLevel])[], string> {
  const levels: (readonly [string, LogLevel])[] = [];
  for (const pair of text.split(",")) {
    const [component, name, ...more] = pair.split(":");
    if (component === undefined || name === undefined || more.length > 0) {
      return { ok: false, error: `component log level not correctly specified '${pair}'` };
    }
    const level = parseLogLevel(name, true);
    if (level === undefined) return { ok: false, error: `invalid log level specified '${name}'` };
    if (!componentIndex.has(component)) {
      return { ok: false, error: `invalid component specified '${component}'` };
    }
    levels.push([component, level]);
  }
  return { ok: true, value: levels };
}

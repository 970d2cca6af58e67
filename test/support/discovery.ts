import fs from "node:fs";
import path from "node:path";
import type { TestContext } from "node:test";
import { createRegistry } from "../../host/src/common/extension-registry.ts";
import { systemRandom, systemTime } from "../../host/src/common/time/clock.ts";
import type { FoundDiscovery } from "../../host/src/config/found.ts";
import { fileOnly } from "../../host/src/config/problem.ts";
import type { Lua } from "../../host/src/config/gen/envoy/extensions/filters/http/lua/v3/lua_pb.ts";
import type { ExtensionDiscoveryConfig } from "../../host/src/contracts/config/snapshot.ts";
import type {
  ExtensionRegistry,
  HttpFilterFactory,
  PrepareContext,
} from "../../host/src/contracts/extension.ts";
import type { Logger } from "../../host/src/contracts/log.ts";
import { ThreadStats } from "../../host/src/stats/thread-stats.ts";
import {
  ExtensionDiscovery,
  type ExtensionDiscoveryOptions,
} from "../../host/src/xds/extension-discovery.ts";
import { temporaryFolder } from "./config-load.ts";

const luaType = "envoy.extensions.filters.http.lua.v3.Lua";
const routerType = "envoy.extensions.filters.http.router.v3.Router";

const never = (): never => {
  throw new Error("not used here");
};

/** A filter whose script "broken" cannot be prepared, and whose script "slow" never is. */
export const scriptFilter: HttpFilterFactory<string> = {
  name: "envoy.filters.http.lua",
  messageName: luaType,
  isTerminal: false,
  parseConfig: ((message: Lua) => message.inlineCode) as never,
  prepare: (script) => {
    if (script === "slow") return new Promise(() => undefined);
    if (script === "throws") throw new Error("prepare is broken");
    return Promise.resolve(
      script === "broken"
        ? { ok: false, error: "script load error: [string]:1: x" }
        : { ok: true, value: `prepared ${script}` },
    );
  },
  createFilterFactory: never,
};

const routerFilter: HttpFilterFactory = {
  name: "envoy.filters.http.router",
  messageName: routerType,
  isTerminal: true,
  parseConfig: () => ({}),
  createFilterFactory: never,
};

export function scriptRegistry(): ExtensionRegistry {
  return createRegistry({
    httpFilters: [scriptFilter as HttpFilterFactory, routerFilter],
    networkFilters: [],
    listenerFilters: [],
    accessLoggers: [],
  });
}

/** A logger that keeps its lines: `warning: text`. */
export function keepingLogger(lines: string[]): Logger {
  const at = (level: string) => (text: string) => void lines.push(`${level}: ${text}`);
  return {
    component: "config",
    enabled: () => true,
    log: (level, text) => at(level)(text),
    trace: at("trace"),
    debug: at("debug"),
    info: at("info"),
    warning: at("warning"),
    error: at("error"),
    critical: at("critical"),
  };
}

export interface DiscoveryHarness {
  readonly discovery: ExtensionDiscovery;
  readonly file: string;
  readonly folder: string;
  /** Warnings and worse. */
  readonly lines: string[];
  stat(name: string): number;
  /** Moves a new version into the file's place. */
  push(content: string): void;
  pushScript(version: string, script: string, more?: string): void;
}

/** A DiscoveryResponse with one script. */
export function scriptResponse(version: string, script: string, more = ""): string {
  return `version_info: "${version}"
resources:
- "@type": type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig
  name: script
  typed_config:
    "@type": type.googleapis.com/${luaType}
    inline_code: ${JSON.stringify(script)}
${more}`;
}

/** One place of the filter, where it differs from the others. */
export interface DiscoveryUser extends Partial<
  Pick<FoundDiscovery, "typeUrls" | "applyDefaultConfigWithoutWarming" | "last">
> {
  readonly initialFetchTimeoutMs?: number;
}

export interface HarnessOptions {
  /** The file's first content; undefined: `version "1"`, script `one`. */
  readonly content?: string;
  readonly users?: readonly DiscoveryUser[];
  readonly watched?: boolean;
  readonly options?: Partial<ExtensionDiscoveryOptions>;
}

/** Discovery of the filter `script` from a real file. */
export function discoveryHarness(t: TestContext, harness: HarnessOptions = {}): DiscoveryHarness {
  const folder = temporaryFolder(t);
  const file = path.join(folder, "script.yaml");
  fs.writeFileSync(file, harness.content ?? scriptResponse("1", "one"));
  const stats = new ThreadStats(() => undefined);
  const lines: string[] = [];
  const discoveries = (harness.users ?? [{}]).map((user): FoundDiscovery => {
    const { initialFetchTimeoutMs = 15_000, ...own } = user;
    const discovery: ExtensionDiscoveryConfig = {
      key: "script@1",
      category: "http_filter",
      defaultConfig: undefined,
    };
    const watchedDirectory = harness.watched ? folder : undefined;
    const specifier = { kind: "file", path: file, watchedDirectory } as const;
    return {
      discovery,
      name: "script",
      source: { key: "1", specifier, initialFetchTimeoutMs },
      typeUrls: [`type.googleapis.com/${luaType}`],
      applyDefaultConfigWithoutWarming: false,
      last: false,
      place: fileOnly("bootstrap.yaml"),
      ...own,
    };
  });
  const discovery = new ExtensionDiscovery({
    discoveries,
    registry: scriptRegistry(),
    localInfo: {
      nodeId: "n",
      clusterName: "c",
      zone: "",
      nodeMetadata: {},
      address: "127.0.0.1",
      version: "0",
    },
    logger: keepingLogger(lines),
    stats,
    time: systemTime,
    random: systemRandom,
    node: never,
    grpcClient: never,
    prepareContextFor: (filterName) =>
      ({ filterName, deadlineMs: 5000 }) as unknown as PrepareContext,
    hasCluster: () => false,
    warned: new Set(),
    ...harness.options,
  });
  t.after(() => discovery.close());
  const prefix = "extension_config_discovery.http_filter.script.";
  const push = (content: string): void => {
    const next = path.join(folder, ".next");
    fs.writeFileSync(next, content);
    fs.renameSync(next, file);
  };
  return {
    discovery,
    file,
    folder,
    lines,
    push,
    pushScript: (version, script, more) => push(scriptResponse(version, script, more)),
    stat: (name) =>
      name === "update_time"
        ? stats.gauge(prefix + name).value
        : stats.counter(name.includes(".") ? name : prefix + name).value,
  };
}

/** Waits until `condition` holds; fails with `what` when it does not come about. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const limit = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > limit) throw new Error(`still not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

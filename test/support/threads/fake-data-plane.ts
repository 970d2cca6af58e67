// The entry of a data-plane process whose workers are fake. Its configuration (`--config-yaml`) is a FakeConfig.
import { parseArguments } from "../../../host/src/cli/parse-arguments.ts";
import type { Address } from "../../../host/src/contracts/address.ts";
import type { ListenerConfig } from "../../../host/src/contracts/config/snapshot.ts";
import type { Logger, LogLevel } from "../../../host/src/contracts/log.ts";
import { Server, type ServerComponents } from "../../../host/src/server/server.ts";
import type { FakeConfig } from "./fake-sluice.ts";
import { fakeAttachments } from "./pool.ts";
import { noGuestLimits } from "../guest-limits.ts";

const parsed = parseArguments(process.argv.slice(2));
if (!parsed.ok || parsed.value.kind !== "run") throw new Error("wrong arguments");
const { options } = parsed.value;
const config: FakeConfig = JSON.parse(options.configYaml ?? "{}");

function logger(component: string): Logger {
  const log = (level: LogLevel, text: string): void => {
    process.stderr.write(`[${process.pid}][${level}][${component}] ${text}\n`);
  };
  const at = (level: LogLevel) => (text: string) => log(level, text);
  return {
    component,
    enabled: () => true,
    log,
    trace: at("trace"),
    debug: at("debug"),
    info: at("info"),
    warning: at("warning"),
    error: at("error"),
    critical: at("critical"),
  };
}

function listener(name: string, address: Address, reusePort: boolean): ListenerConfig {
  return {
    name,
    metadata: {},
    direction: "unspecified",
    statPrefix: name,
    address,
    additionalAddresses: [],
    perConnectionBufferLimitBytes: 0,
    tcpBacklogSize: 128,
    reusePort,
    maxConnectionsToAcceptPerSocketEvent: 0,
    listenerFilters: [],
    listenerFiltersTimeoutMs: 0,
    continueOnListenerFiltersTimeout: false,
    filterChains: [],
    defaultFilterChain: undefined,
    accessLogs: [],
  };
}

const components: ServerComponents = {
  async loadConfiguration() {
    if (config.problem !== undefined) return { ok: false, error: [config.problem] };
    if (config.exitWhileLoading !== undefined) process.exit(config.exitWhileLoading);
    if (config.neverLoads === true) await new Promise(() => setInterval(() => {}, 1e6));
    const listeners = config.listeners.map((address, i) =>
      listener(`listener_${i}`, address, config.reusePort ?? false),
    );
    const extension = { name: "fake", typeUrl: "fake", config: config.extension ?? {} };
    return {
      ok: true,
      value: {
        constants: {
          localInfo: {
            nodeId: "",
            clusterName: "",
            zone: "",
            nodeMetadata: {},
            address: "127.0.0.1",
            version: "test",
          },
          guestLimits: noGuestLimits,
          companions: { services: [], statsSinks: [], adminLogs: [] },
        },
        warm: async () => ({
          snapshot: 1,
          clusters: [],
          removedClusters: [],
          listeners,
          removedListeners: [],
          secrets: [],
          routes: [],
          extensionConfigs: [{ key: "filter", version: "v1", extension }],
        }),
      },
    };
  },
  workerHooks: {
    onWorkerBorn: fakeAttachments,
    onWorkerStarted: () => {},
    onWorkerGone: () => {},
  },
  startAdmin: async () => ({
    ok: true,
    value: {
      address: { kind: "ip", ip: "127.0.0.1", port: 9901, family: 4 },
      close: async () => {},
    },
  }),
  reopenLogs: () => {},
  onLive: (live) => {
    const ports = live.boundListeners.map(({ address }) =>
      address.kind === "ip" ? address.port : address.path,
    );
    process.stdout.write(`live ${process.pid} ${ports.join(" ")}\n`);
    if (config.dieWhenLive === true) process.kill(process.pid, "SIGKILL");
  },
  close: async () => {},
};

const server = new Server({
  options,
  loggers: { logger, flush: () => {}, reopen: () => {} },
  runtimeUrl: new URL("./fake-runtime.ts", import.meta.url).href,
  assemble: async () => components,
});
await server.start();

import type { Message } from "@bufbuild/protobuf";
import { closest } from "../common/closest.ts";
import type { Bootstrap } from "../config/gen/envoy/config/bootstrap/v3/bootstrap_pb.ts";
import type { Cluster } from "../config/gen/envoy/config/cluster/v3/cluster_pb.ts";
import type { Listener } from "../config/gen/envoy/config/listener/v3/listener_pb.ts";
import { ConfigContext } from "../config/context.ts";
import { nothingFound, type Found } from "../config/found.ts";
import { readConfigFile, readConfigText, type Input } from "../config/input.ts";
import { mergeMessage } from "../config/merge.ts";
import { Model } from "../config/model.ts";
import { fileOnly, ProblemList, type Problem } from "../config/problem.ts";
import { Source } from "../config/source.ts";
import type { GuestLimitsConfig } from "../contracts/config/guests.ts";
import type { ListenerConfig, LocalInfo } from "../contracts/config/snapshot.ts";
import type { ExtensionRegistry } from "../contracts/extension.ts";
import type { Result } from "../contracts/result.ts";
import { findDuplicateAddresses, parseListener } from "../listener/config.ts";
import type { Companions } from "../snapshot/messages.ts";
import { parseCluster, type ParsedCluster } from "../upstream/config.ts";
import { parseAdmin, type AdminConfig } from "./bootstrap-admin.ts";
import { parseBootstrapExtensions } from "./bootstrap-extensions.ts";
import { parseCompanions } from "./bootstrap-companions.ts";
import { localInfoOf } from "./bootstrap-node.ts";

export interface LoadOptions {
  /** `--config-path`. */
  readonly configPath?: string | undefined;
  /** `--config-yaml`: merged over the file. */
  readonly configYaml?: string | undefined;
  /** `--service-node`: stands in for `node.id`. */
  readonly serviceNode?: string | undefined;
  /** `--service-cluster`: stands in for `node.cluster`. */
  readonly serviceCluster?: string | undefined;
  readonly registry: ExtensionRegistry;
  readonly version: string;
  /** Warnings that have been given; shared with those that read dynamic resources later. */
  readonly warned?: Set<string> | undefined;
}

/** A bootstrap that was read, checked and parsed. Its extensions are not prepared yet. */
export interface LoadedBootstrap {
  readonly localInfo: LocalInfo;
  /** Undefined: there is no admin interface. */
  readonly admin: AdminConfig | undefined;
  readonly listeners: readonly ListenerConfig[];
  /** Without the shared counts, which the main thread adds. */
  readonly clusters: readonly ParsedCluster[];
  /** Undefined: at each look at `/stats` instead (`stats_flush_on_admin`). */
  readonly statsFlushIntervalMs: number | undefined;
  readonly guestLimits: GuestLimitsConfig;
  readonly companions: Companions;
  /** For `prepareAll` and for the subscriptions of discovered filters. */
  readonly found: Found;
  /** What is worth knowing and not wrong. */
  readonly warnings: readonly Problem[];
  /** The messages as they were read, for `/config_dump`. */
  readonly message: Bootstrap;
  readonly listenerMessages: readonly Listener[];
  readonly clusterMessages: readonly Cluster[];
}

const typeName = "envoy.config.bootstrap.v3.Bootstrap";
const flushIntervalMs = 5000;

/** Reads the bootstrap and gives plain data, or all that is wrong with it. */
export function loadBootstrap(options: LoadOptions): Result<LoadedBootstrap, readonly Problem[]> {
  const problems = new ProblemList();
  const inputs = readInputs(options, problems);
  const source = inputs[0]?.source ?? new Source(options.configPath ?? "", "");
  const model = new Model({ problems, source, warned: options.warned ?? new Set() });
  const message = readBootstrap(model, inputs);
  if (!message) return { ok: false, error: problems.sortedErrors() };
  try {
    const loaded = parse(message, model, options);
    if (!problems.failed) return { ok: true, value: { ...loaded, warnings: problems.warnings } };
  } catch (error) {
    // A parser may stumble over what has been reported already.
    if (!problems.failed) throw error;
  }
  return { ok: false, error: problems.sortedErrors() };
}

function readInputs(options: LoadOptions, problems: ProblemList): Input[] {
  const { configPath, configYaml } = options;
  if (configPath === undefined && configYaml === undefined) {
    problems.error(fileOnly(""), "there is no configuration; use --config-path or --config-yaml");
  }
  const file = configPath === undefined ? undefined : readConfigFile(configPath, problems);
  const text =
    configYaml === undefined ? undefined : readConfigText("--config-yaml", configYaml, problems);
  return [file, text].filter((input) => input !== undefined);
}

/** The messages of all inputs as one. */
function readBootstrap(model: Model, inputs: readonly Input[]): Bootstrap | undefined {
  let whole: Message | undefined;
  for (const input of inputs) {
    const message = model.read(typeName, input);
    if (!message) continue;
    if (whole) mergeMessage(model.schema, model.origins, whole, message);
    else whole = message;
  }
  return whole as Bootstrap | undefined;
}

function parse(
  message: Bootstrap,
  model: Model,
  options: LoadOptions,
): Omit<LoadedBootstrap, "warnings"> {
  model.check(message);
  const found = nothingFound();
  const localInfo = localInfoOf(message, options);
  const staticSecrets = message.staticResources?.secrets ?? [];
  const { registry } = options;
  const context = new ConfigContext({ model, registry, localInfo, found, staticSecrets });
  const guestLimits = parseBootstrapExtensions(message, context);
  const beside = parseCompanions(message, context);
  const admin = parseAdmin(message, context);
  const clusterMessages = message.staticResources?.clusters ?? [];
  const listenerMessages = message.staticResources?.listeners ?? [];
  const clusters = clusterMessages.map((cluster) => parseCluster(cluster, context));
  const listeners = listenerMessages.map((listener) => parseListener(listener, context));
  model.checkUnread();
  checkClusters(clusterMessages, context);
  checkReferences(clusterMessages, found, model.problems);
  checkListeners(listenerMessages, listeners, context);
  return {
    localInfo,
    admin,
    listeners: listeners.filter((listener) => listener !== undefined),
    clusters,
    statsFlushIntervalMs:
      message.statsFlush.case === undefined
        ? context.durationMs(message.statsFlushInterval, flushIntervalMs)
        : undefined,
    guestLimits,
    companions: { ...beside, adminLogs: admin?.workerAccessLogs ?? [] },
    found,
    message,
    listenerMessages,
    clusterMessages,
  };
}

function checkClusters(messages: readonly Cluster[], context: ConfigContext): void {
  const seen = new Set<string>();
  for (const message of messages) {
    if (seen.has(message.name)) {
      context.problem(message, "name", `there is a cluster "${message.name}" already`);
    }
    seen.add(message.name);
  }
}

const inRoute = /\.routes\[\d+\]\./;

function checkReferences(clusters: readonly Cluster[], found: Found, problems: ProblemList): void {
  const names = new Set(clusters.map((cluster) => cluster.name));
  for (const { name, place } of found.references) {
    if (names.has(name)) continue;
    const near = closest(name, names);
    const mend = near === undefined ? "" : `; did you mean '${near}'?`;
    // Envoy's words, where it has any.
    const where = inRoute.test(place.path) ? "route: " : "";
    problems.error(place, `${where}unknown cluster '${name}'${mend}`);
  }
}

function checkListeners(
  messages: readonly Listener[],
  listeners: readonly (ListenerConfig | undefined)[],
  context: ConfigContext,
): void {
  const first = new Map<string, Listener>();
  const good: ListenerConfig[] = [];
  listeners.forEach((listener, index) => {
    const message = messages[index]!;
    if (!listener) return;
    if (first.has(listener.name)) {
      context.problem(message, "name", `there is a listener "${listener.name}" already`);
      return;
    }
    first.set(listener.name, message);
    good.push(listener);
  });
  for (const { name, text } of findDuplicateAddresses(good)) {
    context.problem(first.get(name)!, "address", text);
  }
}

import { clone, type Message } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import { parseAccessLog } from "../access-log/config.ts";
import { closest } from "../common/closest.ts";
import type {
  DiscoveryCategory,
  ExtensionConfig,
  ExtensionDiscoveryConfig,
  LocalInfo,
} from "../contracts/config/snapshot.ts";
import type {
  ExtensionFactory,
  ExtensionKind,
  ExtensionRegistry,
  ParseContext,
  PerRouteConfig,
} from "../contracts/extension.ts";
import type { RouteDiscoveryConfig } from "../contracts/router/route-providers.ts";
import type { MaterialSlots, SecretKind, SecretRequest, SecretSlot } from "../contracts/secret.ts";
import type { AnyContent } from "./any-contents.ts";
import { readDataSource } from "./data-source.ts";
import { durationNanos } from "./rule-checks.ts";
import { findExtensionDiscovery } from "./extension-discovery.ts";
import type { AccessLog } from "./gen/envoy/config/accesslog/v3/accesslog_pb.ts";
import type { DataSource, WatchedDirectory } from "./gen/envoy/config/core/v3/base_pb.ts";
import type { ExtensionConfigSource } from "./gen/envoy/config/core/v3/config_source_pb.ts";
import type { Rds } from "./gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import type {
  SdsSecretConfig,
  Secret,
} from "./gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";
import { mergeMessage } from "./merge.ts";
import type { Model } from "./model.ts";
import type { Found } from "./found.ts";
import { perRouteConfig } from "./per-route.ts";
import { findRoutes } from "./routes.ts";
import { typeUrlOf } from "./schema.ts";
import { findSecret, StaticSecrets, watchFiles } from "./secrets.ts";

export interface ContextOptions {
  readonly model: Model;
  readonly registry: ExtensionRegistry;
  readonly localInfo: LocalInfo;
  readonly found: Found;
  readonly staticSecrets?: readonly Secret[] | undefined;
  /** What is read is an extension that has come by discovery. */
  readonly isDiscovered?: boolean;
}

/** Letters that a mistyped message's name may be off: names of all messages have most letters in common. */
const mistypedMax = 4;

const kindWords: { readonly [K in ExtensionKind]: string } = {
  http_filter: "HTTP filter",
  network_filter: "network filter",
  listener_filter: "listener filter",
  access_logger: "access logger",
  bootstrap: "bootstrap extension",
  stats_sink: "stats sink",
  transport_socket: "transport socket",
  upstream_transport_socket: "transport socket for clusters",
};

/** What `parse…` functions of all areas get: reports with places, and finds the extensions. */
export class ConfigContext implements ParseContext {
  readonly registry: ExtensionRegistry;
  readonly localInfo: LocalInfo;
  /** What the rest of the configuration is read with. */
  readonly model: Model;
  /** Undefined where none can be named. */
  readonly staticSecrets: StaticSecrets | undefined;
  readonly #found: Found;
  #inDiscovery: number;

  constructor(options: ContextOptions) {
    this.registry = options.registry;
    this.localInfo = options.localInfo;
    this.model = options.model;
    this.#found = options.found;
    this.#inDiscovery = options.isDiscovered === true ? 1 : 0;
    const { staticSecrets } = options;
    this.staticSecrets = staticSecrets && new StaticSecrets(staticSecrets, this);
  }

  problem(message: Message, field: string, text: string): void {
    if (this.model.isConsequence(message, field)) return;
    this.model.problems.error(this.model.origins.place(message, field), text);
  }

  warning(message: Message, field: string, text: string): void {
    this.model.problems.warning(this.model.origins.place(message, field), text);
  }

  extension(
    kind: ExtensionKind,
    name: string,
    config: Any | undefined,
    owner: Message,
    field: string,
  ): ExtensionConfig | undefined {
    const content = config && this.model.contentOf(config);
    if (!content || content.messageName === "") {
      this.problem(owner, field, this.#missingConfig(kind, name));
      return undefined;
    }
    const found = this.#factory(kind, name, content);
    if (!found) {
      this.problem(owner, field, this.unknownExtension(kind, name, content.messageName));
      return undefined;
    }
    if (!found.message) return undefined;
    const parsed = found.factory.parseConfig(found.message as never, this);
    const extension: ExtensionConfig = {
      name,
      typeUrl: typeUrlOf(found.factory.messageName),
      config: parsed,
    };
    const place = this.model.origins.place(owner, field);
    this.#found.extensions.push({ extension, factory: found.factory, place });
    return extension;
  }

  knowsExtension(kind: ExtensionKind, name: string, config: Any): boolean {
    return this.#factory(kind, name, this.model.contentOf(config)) !== undefined;
  }

  accessLog(message: Message): ExtensionConfig | undefined {
    return parseAccessLog(message as AccessLog, this);
  }

  perRouteConfig(
    filterName: string,
    config: Any,
    owner: Message,
    field: string,
  ): PerRouteConfig | undefined {
    return perRouteConfig(this, this.#found, { filterName, config, owner, field });
  }

  dataSource(source: Message | undefined, owner: Message, field: string): Buffer | undefined {
    if (!source) return undefined;
    const read = readDataSource(source as DataSource);
    if (read.ok) return read.value;
    this.problem(owner, field, read.error);
    return undefined;
  }

  unpack(config: Any, owner: Message, field: string): Message | undefined {
    const content = this.model.contentOf(config);
    if (content.message) return content.message;
    if (content.messageName === "") this.problem(owner, field, '"@type" is missing');
    else if (!this.model.schema.registry.getMessage(content.messageName)) {
      this.problem(owner, field, `the type ${content.messageName} is not known here`);
    }
    return undefined;
  }

  durationMs(
    duration: { readonly seconds: bigint; readonly nanos: number } | undefined,
    fallback: number,
  ): number {
    return duration ? Number(durationNanos(duration) / 1_000_000n) : fallback;
  }

  extensionDiscovery(
    category: DiscoveryCategory,
    name: string,
    source: Message,
    last: boolean,
  ): ExtensionDiscoveryConfig | undefined {
    if (this.#refusesDiscovery(source, "")) return undefined;
    this.#inDiscovery += 1;
    const typed = source as ExtensionConfigSource;
    const asked = { category, name, source: typed, last };
    const discovery = findExtensionDiscovery(this, this.#found, asked);
    this.#inDiscovery -= 1;
    return discovery;
  }

  reference(kind: "cluster", name: string, message: Message, field: string): void {
    const place = this.model.origins.place(message, field);
    this.#found.references.push({ kind, name, place });
  }

  secret<Value>(config: Message, request: SecretRequest<Value>): SecretSlot<Value> | undefined {
    return findSecret(this, this.#found, config as SdsSecretConfig, request);
  }

  watchedFiles<Value>(
    directory: Message,
    kind: SecretKind,
    parse: (context: ParseContext) => Value | undefined,
  ): SecretSlot<Value> | undefined {
    return watchFiles(this, this.#found, directory as WatchedDirectory, {
      kind,
      variant: "",
      parse,
    });
  }

  routeDiscovery(
    config: Message,
    statPrefix: string,
    parse: (routes: Message, context: ParseContext) => unknown,
  ): RouteDiscoveryConfig | undefined {
    if (this.#refusesDiscovery(config, "config_source")) return undefined;
    return findRoutes(this, this.#found, config as Rds, { statPrefix, parse });
  }

  tlsContext(slots: MaterialSlots): void {
    this.#found.tlsContexts.push(slots);
  }

  pathOf(message: Message): string {
    return this.model.origins.place(message, "").path;
  }

  merged<T extends Message>(base: T, over: T): T {
    const { schema, origins } = this.model;
    const whole = clone(schema.message(base.$typeName), base) as T;
    mergeMessage(schema, origins, whole, over);
    return whole;
  }

  factory(kind: ExtensionKind, messageName: string): ExtensionFactory | undefined {
    return this.registry.factories(kind).find((candidate) => candidate.messageName === messageName);
  }

  /** Names what was asked for, and the nearest that there is. */
  unknownExtension(kind: ExtensionKind, name: string, messageName: string): string {
    const factories = this.registry.factories(kind);
    const near =
      closest(
        messageName,
        factories.map((factory) => factory.messageName),
        mistypedMax,
      ) ??
      factories.find(
        (factory) =>
          factory.name ===
          closest(
            name,
            factories.map((f) => f.name),
          ),
      )?.messageName;
    const what = `there is no ${kindWords[kind]} of type ${messageName}`;
    const asked = name === "" ? what : `${what} (asked for by "${name}")`;
    if (near !== undefined) return `${asked}; did you mean ${near}?`;
    const names = factories.map((factory) => factory.name).join(", ");
    return names === "" ? asked : `${asked}; there are ${names}`;
  }

  #missingConfig(kind: ExtensionKind, name: string): string {
    const known = this.registry.factories(kind).find((factory) => factory.name === name);
    const what = `the typed_config of "${name}" is missing`;
    return known ? `${what}; write "@type": ${typeUrlOf(known.messageName)}` : what;
  }

  /** What comes by discovery, or stands in for that, is whole: it subscribes to nothing more. */
  #refusesDiscovery(message: Message, field: string): boolean {
    if (this.#inDiscovery === 0) return false;
    const text =
      "is not supported inside an extension that comes by discovery itself; write it out there";
    this.problem(message, field, text);
    return true;
  }

  /** By the type of the content; a bare `Struct` says nothing, and goes by the extension's name. */
  #factory(
    kind: ExtensionKind,
    name: string,
    content: AnyContent,
  ): { factory: ExtensionFactory; message: Message | undefined } | undefined {
    const factory = this.factory(kind, content.messageName);
    if (factory) return { factory, message: content.message };
    if (content.messageName !== "google.protobuf.Struct") return undefined;
    const named = this.registry.factories(kind).find((candidate) => candidate.name === name);
    return named && { factory: named, message: this.model.structAs(content, named.messageName) };
  }
}

import type { LogLevels } from "../../common/log/levels.ts";
import type { Bootstrap } from "../../config/gen/envoy/config/bootstrap/v3/bootstrap_pb.ts";
import type { Cluster } from "../../config/gen/envoy/config/cluster/v3/cluster_pb.ts";
import type { TypedExtensionConfig } from "../../config/gen/envoy/config/core/v3/extension_pb.ts";
import type { Listener } from "../../config/gen/envoy/config/listener/v3/listener_pb.ts";
import type { RouteConfiguration } from "../../config/gen/envoy/config/route/v3/route_pb.ts";
import type { Secret } from "../../config/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";
import type { AccessLog } from "../../contracts/access-log.ts";
import type { Address } from "../../contracts/address.ts";
import type {
  ClusterConfig,
  DiscoveryCategory,
  LocalInfo,
} from "../../contracts/config/snapshot.ts";
import type { TimeSource } from "../../contracts/event.ts";
import type { Logger } from "../../contracts/log.ts";
import type { JsonValue } from "../../contracts/stream-info.ts";
import type { StatsStore } from "../../stats/stats-store.ts";
import type { Result } from "../../contracts/result.ts";
import type { TraceRequest } from "../../guest/watch/guest-trace.ts";
import type { RunningTrace, TraceRefusal } from "../guest-tracing.ts";
import type { ShownContext } from "../certificates.ts";
import type { WorkerGuests } from "./guests.ts";

/** Where a listener's connections arrive. */
export interface ListenerStatus {
  readonly listenerName: string;
  readonly address: Address;
  /** 0 is `address` of the configuration, the others its `additional_addresses`. */
  readonly addressIndex: number;
}

/** The configuration in force, as messages. Called when somebody asks. */
export interface ConfigDumpSource {
  readonly bootstrap: Bootstrap;
  readonly localInfo: LocalInfo;
  readonly clusters: readonly Cluster[];
  readonly listeners: readonly Listener[];
  /** When that was loaded, ms since the epoch. */
  readonly loadedMs: number;
  /** Kinds of places with discovered extensions. */
  readonly ecdsCategories: ReadonlySet<DiscoveryCategory>;
  /** Discovered extensions that have arrived. */
  readonly ecds: readonly EcdsEntry[];
  /** Discovered secrets, with those that have not arrived. */
  readonly secrets: readonly SecretEntry[];
  /** Discovered routes that have arrived. */
  readonly routes: readonly RoutesEntry[];
}

export interface RoutesEntry {
  readonly version: string;
  readonly message: RouteConfiguration;
  /** Ms since the epoch. */
  readonly lastUpdatedMs: number;
}

export interface SecretEntry {
  readonly name: string;
  readonly arrived: { readonly version: string; readonly message: Secret } | undefined;
  /** Ms since the epoch. */
  readonly lastUpdatedMs: number;
}

export interface EcdsEntry {
  readonly category: DiscoveryCategory;
  readonly version: string;
  readonly resource: TypedExtensionConfig;
  /** Ms since the epoch. */
  readonly lastUpdatedMs: number;
}

/** What the admin interface shows and does. Functions give the state of the moment. */
export interface AdminDeps {
  /** Where to listen; port 0 lets the kernel choose. */
  readonly address: Address;
  readonly stats: StatsStore;
  readonly levels: LogLevels;
  /** Of the component `admin`. */
  readonly log: Logger;
  readonly time: TimeSource;
  /** For requests to the admin interface. */
  readonly accessLogs: readonly AccessLog[];
  readonly version: string;
  /** `LIVE`, `DRAINING`, `PRE_INITIALIZING` or `INITIALIZING`. */
  state(): string;
  clusters(): readonly ClusterConfig[];
  /** The certificates of each TLS context. */
  certificates(): readonly ShownContext[];
  listeners(): readonly ListenerStatus[];
  /** Asks all workers; does not reject. */
  guests(): Promise<readonly WorkerGuests[]>;
  /** Begins to follow a guest on all workers. */
  traceGuest(request: TraceRequest): Promise<Result<RunningTrace, TraceRefusal>>;
  configDump(): ConfigDumpSource;
  /** The names and message types of what is built in, by Envoy's category. */
  extensions(): readonly BuiltInExtension[];
  /** `command_line_options` of `/server_info`, in Envoy's names. */
  commandLineOptions(): { readonly [name: string]: JsonValue };
  /** Opens all log files anew, as SIGUSR1 does. */
  reopenLogs(): void;
  /** Ends the server, as SIGTERM does. */
  quit(): void;
}

export interface BuiltInExtension {
  readonly name: string;
  /** `envoy.filters.http` … */
  readonly category: string;
  readonly messageName: string;
}

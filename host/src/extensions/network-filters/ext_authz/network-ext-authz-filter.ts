import { storeMetadata } from "../../../common/dynamic-metadata.ts";
import { ProtobufWriter } from "../../../common/protobuf/writer.ts";
import type { Dispatcher } from "../../../contracts/event.ts";
import type { Connection } from "../../../contracts/network/connection.ts";
import type { NetworkFilterFactoryCb } from "../../../contracts/network/filter.ts";
import type { ListenerContext } from "../../../contracts/runtime.ts";
import type { Counter, StatsScope } from "../../../contracts/stats.ts";
import { ResponseFlag } from "../../../contracts/stream-info.ts";
import {
  Attribute,
  writeMetadata,
  writePeers,
  writeTlsSession,
} from "../../common/ext_authz/attributes.ts";
import type {
  AuthCall,
  AuthCallbacks,
  AuthResponse,
} from "../../common/ext_authz/auth-response.ts";
import { GrpcAuthorization } from "../../common/ext_authz/grpc-authorization.ts";
import { MetadataMatcher } from "../../common/ext_authz/metadata-matcher.ts";
import { CalloutFilter, type CalloutStats, calloutStats } from "../common/callout-filter.ts";
import type { NetworkExtAuthzConfig } from "./config.ts";

const filterName = "envoy.filters.network.ext_authz";
const CheckRequest = { attributes: 1 } as const;

/** `ext_authz.<stat_prefix>.` */
interface NetworkExtAuthzStats extends CalloutStats {
  readonly denied: Counter;
  readonly disabled: Counter;
}

/** What the filters of one configuration share on a worker. */
interface Shared {
  readonly config: NetworkExtAuthzConfig;
  readonly authorization: GrpcAuthorization;
  readonly enabledMetadata: MetadataMatcher | undefined;
  readonly dispatcher: Dispatcher;
  readonly stats: NetworkExtAuthzStats;
}

export function createNetworkExtAuthz(
  config: NetworkExtAuthzConfig,
  context: ListenerContext,
): NetworkFilterFactoryCb {
  const shared: Shared = {
    config,
    authorization: new GrpcAuthorization(config.service!, context),
    enabledMetadata: config.enabledMetadata && new MetadataMatcher(config.enabledMetadata),
    dispatcher: context.dispatcher,
    stats: statsOf(context.stats.scope(`ext_authz.${config.statPrefix}`)),
  };
  return (connection) => connection.addReadFilter(new NetworkExtAuthzFilter(shared));
}

function statsOf(scope: StatsScope): NetworkExtAuthzStats {
  return {
    ...calloutStats(scope),
    denied: scope.counter("denied"),
    disabled: scope.counter("disabled"),
  };
}

/** Holds what a client sends first until the service has allowed the connection. */
class NetworkExtAuthzFilter extends CalloutFilter implements AuthCallbacks {
  readonly #shared: Shared;
  #startMs = 0;

  constructor(shared: Shared) {
    super(shared.stats);
    this.#shared = shared;
  }

  protected override applies(): boolean {
    const { stats, enabledMetadata } = this.#shared;
    const { dynamicMetadata } = this.callbacks.connection.streamInfo;
    if (enabledMetadata === undefined || enabledMetadata.match(dynamicMetadata)) return true;
    stats.disabled.inc();
    return false;
  }

  protected override ask(): AuthCall | undefined {
    const { authorization, dispatcher } = this.#shared;
    this.#startMs = dispatcher.time.monotonicMs();
    return authorization.check(this.#checkOf(this.callbacks.connection), this);
  }

  #checkOf(connection: Connection): Buffer {
    const { config } = this.#shared;
    const writer = new ProtobufWriter();
    const attributes = writer.begin(CheckRequest.attributes);
    writePeers(writer, connection, "", config);
    const metadata = connection.streamInfo.dynamicMetadata;
    writeMetadata(writer, Attribute.metadataContext, config.metadataNamespaces, (namespace) =>
      metadata?.get(namespace),
    );
    writeTlsSession(writer, connection, config);
    writer.end(attributes);
    return writer.finish();
  }

  onAuthResponse(response: AuthResponse): void {
    const { stats, config } = this.#shared;
    const { status } = response;
    this.finish();
    stats[status].inc();
    this.#ingestMetadata(response);
    if (status === "denied" || (status === "error" && !config.failureModeAllow)) {
      this.#close(status);
      return;
    }
    if (status === "error") stats.failureModeAllowed.inc();
    this.allow();
  }

  /** How long the service took is noted whenever it allows the connection. */
  #ingestMetadata({ status, dynamicMetadata }: AuthResponse): void {
    if (dynamicMetadata === undefined && status !== "ok") return;
    const values = { ...dynamicMetadata };
    if (status === "ok") {
      const passedMs = this.#shared.dispatcher.time.monotonicMs() - this.#startMs;
      values["ext_authz_duration"] = Math.floor(passedMs);
    }
    storeMetadata(this.callbacks.connection.streamInfo, filterName, values);
  }

  #close(status: "denied" | "error"): void {
    const { streamInfo } = this.callbacks.connection;
    streamInfo.responseFlags |= ResponseFlag.UnauthorizedExternalService;
    streamInfo.responseCodeDetails = `ext_authz_${status}`;
    this.refuse("ext_authz_close");
  }
}

import type { Dispatcher } from "../contracts/event.ts";
import type { ClientConnection } from "../contracts/network/connection.ts";
import {
  createClientConnection,
  type ClientEncryption,
} from "../network/create-client-connection.ts";
import type { ClusterInfoImpl } from "./cluster-info.ts";
import { ConnectionAccounting } from "./connection-accounting.ts";
import type { HostImpl } from "./host.ts";
import type { RequestNames } from "./request-names.ts";

/** A connection of a pool, and what is counted of it. */
export interface BegunConnection {
  readonly connection: ClientConnection;
  readonly accounting: ConnectionAccounting;
}

/** Who connections are made for. */
interface ConnectionOwner {
  readonly info: ClusterInfoImpl;
  readonly host: HostImpl;
  readonly priority: "default" | "high";
  readonly dispatcher: Dispatcher;
  readonly names: RequestNames;
}

/** Makes a connection that is yet to be connected. `protocols`: offered when the cluster's encryption names none. */
export function beginConnection(
  owner: ConnectionOwner,
  protocols: readonly string[],
): BegunConnection {
  const { info, host, dispatcher } = owner;
  const startMs = dispatcher.time.monotonicMs();
  const accounting = new ConnectionAccounting(info, host, owner.priority, startMs);
  const connection = createClientConnection(
    dispatcher,
    host.address,
    { bufferLimit: info.perConnectionBufferLimitBytes },
    encryption(owner, protocols),
  );
  connection.setConnectionStats(info.connectionStats);
  return { connection, accounting };
}

function encryption(
  { info, host, names }: ConnectionOwner,
  applicationProtocols: readonly string[],
): ClientEncryption | undefined {
  const sockets = info.transports?.of(host.transportSocketMatch);
  if (sockets === undefined) return undefined;
  const { address, hostname } = host;
  return { sockets, handshake: { address, hostname, applicationProtocols, ...names } };
}

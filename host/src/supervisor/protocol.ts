import type { Address } from "../contracts/address.ts";

/** The supervisor and the data-plane process talk over Node's IPC channel, in these messages. */

/** A set of listening sockets for one address. */
export interface SocketRequest {
  /** The listener's name: for messages, and with `index` the identity of a socket with port 0. */
  readonly listenerName: string;
  /** 0: `Listener.address`; 1 …: `additional_addresses`. */
  readonly addressIndex: number;
  readonly address: Address;
  /** 1, or with `SO_REUSEPORT` one socket per worker. */
  readonly copies: number;
  readonly reusePort: boolean;
  readonly backlog: number;
}

/** What a request became. `fds` follow over the descriptor channel, in order. */
export interface BoundSockets {
  /** With the port that the kernel chose for port 0. */
  readonly address: Address;
  readonly copies: number;
}

/** From the data plane to the supervisor. */
export type ToSupervisor =
  /**
   * The complete set of sockets that is wanted from now on: those that are open already are kept, others
   * opened; those that are not named are closed. All or nothing.
   */
  | { readonly kind: "sockets"; readonly requests: readonly SocketRequest[] }
  /** Serving: from now on a death is followed by a restart. */
  | { readonly kind: "ready" }
  /** Somebody asked the data plane to end (`/quitquitquit`, SIGTERM to it): shut everything down. */
  | { readonly kind: "terminate" }
  /** Somebody asked the data plane to open log files anew (`/reopen_logs`): everywhere. */
  | { readonly kind: "reopen_logs" };

/** From the supervisor to the data plane. */
export type FromSupervisor =
  /** Answer to `sockets`. The descriptors have been sent before it. */
  | { readonly kind: "bound"; readonly sockets: readonly BoundSockets[] }
  | { readonly kind: "bind_failed"; readonly problems: readonly string[] }
  /** Open log files anew: they were moved away. */
  | { readonly kind: "reopen_logs" }
  /** End in order, and the process with it. */
  | { readonly kind: "shutdown"; readonly graceMs: number };

/** The descriptor of the data plane's end of the channel that carries sockets. */
export const descriptorChannel = 4;

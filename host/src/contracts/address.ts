/** Where a socket is bound or leads to. */
export type Address = IpAddress | PipeAddress;

/** An IPv4 or IPv6 address with its port. */
export interface IpAddress {
  readonly kind: "ip";
  /** Canonical text: `127.0.0.1`, `::1` (no brackets, no zone). IPv4-mapped addresses are given as IPv4. */
  readonly ip: string;
  readonly port: number;
  readonly family: 4 | 6;
  /** `SocketAddress.ipv4_compat`, of a listening `::`: IPv4 clients may connect, too. */
  readonly ipv4Compat?: boolean | undefined;
}

/** A Unix domain socket (`envoy.config.core.v3.Pipe`); an abstract name begins with `@`. */
export interface PipeAddress {
  readonly kind: "pipe";
  readonly path: string;
  /** File mode of a listening socket, 0 = unchanged. */
  readonly mode: number;
}

import type { TLSSocket } from "node:tls";
import type { VerifyError } from "./chain-detail.ts";

/** What is below a `TLSSocket`, as far as it is used here; Node's types do not show it. */
export interface TlsHandle {
  /** What OpenSSL found when it verified the peer's chain: `TLSSocket` tells it to a `tls.Server` only. */
  verifyError(): VerifyError | null;
  /** OpenSSL's serialized session; `TLSSocket` adds words of its own. */
  getSession(): Buffer | undefined;
  setSession(session: Buffer): void;
  setServername(name: string): void;
  /** From now on `onnewsession` is called for each session that the server gives out. */
  enableSessionCallbacks(): void;
  onnewsession(id: Buffer, session: Buffer): void;
  /** Begins a client's handshake. */
  start(): void;
  close(done: () => void): void;
  /** The handle of the socket itself, where the `TLSSocket` made it. */
  readonly _parent: { reset(done: () => void): void };
}

/** Undefined when the socket is closed. */
export function tlsHandle(socket: TLSSocket): TlsHandle | undefined {
  return (socket as unknown as { readonly _handle: TlsHandle | null })._handle ?? undefined;
}

/** Lets errors of TLS end the socket also when the handshake is over, as `tls.connect` and `tls.Server` do. */
export function endOnErrors(socket: TLSSocket): void {
  (socket as unknown as { _releaseControl(): boolean })._releaseControl();
}

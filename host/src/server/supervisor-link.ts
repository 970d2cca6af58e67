import { closeSync } from "node:fs";
import { receiveDescriptors } from "../common/libc.ts";
import type { Address } from "../contracts/address.ts";
import type { Result } from "../contracts/result.ts";
import {
  descriptorChannel,
  type BoundSockets,
  type FromSupervisor,
  type SocketRequest,
  type ToSupervisor,
} from "../supervisor/protocol.ts";

/** The open sockets of one request. */
export interface OpenSockets {
  /** With the port that the kernel chose for port 0. */
  readonly address: Address;
  readonly fds: readonly number[];
}

export interface SupervisorEvents {
  /** End in order. */
  onShutdown(graceMs: number): void;
  /** Log files were moved away. */
  onReopenLogs(): void;
  /** The supervisor is gone, and nobody would restart this process: end, and leave no port taken. */
  onOrphaned(): void;
}

/** The data plane's side of the channel to the supervisor. */
export class SupervisorLink {
  #answer: ((message: FromSupervisor) => void) | undefined;

  constructor(events: SupervisorEvents) {
    process.on("message", (message: FromSupervisor) => {
      if (message.kind === "shutdown") events.onShutdown(message.graceMs);
      else if (message.kind === "reopen_logs") events.onReopenLogs();
      else this.#answer?.(message);
    });
    process.on("disconnect", () => events.onOrphaned());
  }

  /** Asks for the complete set of listening sockets. The error lists every one that cannot be had. */
  openSockets(requests: readonly SocketRequest[]): Promise<Result<OpenSockets[], string[]>> {
    return new Promise((resolve) => {
      this.#answer = (message) => {
        this.#answer = undefined;
        if (message.kind === "bound") resolve(receive(message.sockets));
        else if (message.kind === "bind_failed") {
          resolve({ ok: false, error: [...message.problems] });
        }
      };
      this.#send({ kind: "sockets", requests });
    });
  }

  /** Tells that this process serves; from now on it is restarted when it dies. */
  ready(): void {
    this.#send({ kind: "ready" });
  }

  /** Asks the supervisor to shut everything down. */
  terminate(): void {
    this.#send({ kind: "terminate" });
  }

  /** Asks the supervisor to have all processes open their log files anew. */
  reopenLogs(): void {
    this.#send({ kind: "reopen_logs" });
  }

  #send(message: ToSupervisor): void {
    if (process.connected) process.send?.(message, undefined, undefined, () => {});
  }
}

/** Takes the descriptors, which the supervisor has sent before its answer, and deals them out. */
function receive(bound: readonly BoundSockets[]): Result<OpenSockets[], string[]> {
  const wanted = bound.reduce((sum, { copies }) => sum + copies, 0);
  const fds: number[] = [];
  try {
    while (fds.length < wanted) fds.push(...receiveDescriptors(descriptorChannel));
  } catch (error) {
    for (const fd of fds) closeSync(fd);
    return { ok: false, error: [`the supervisor's sockets did not arrive: ${String(error)}`] };
  }
  return {
    ok: true,
    value: bound.map(({ address, copies }) => ({ address, fds: fds.splice(0, copies) })),
  };
}

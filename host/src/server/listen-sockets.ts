import { closeSync, fstatSync } from "node:fs";
import { duplicate } from "../common/libc.ts";
import type { ListenSocket } from "../snapshot/update.ts";

/** The listening sockets of one address of a listener, as the main thread holds them. */
export interface PoolSocket {
  readonly listenerName: string;
  readonly addressIndex: number;
  /** One that all workers share, or (`SO_REUSEPORT`) one for each. */
  readonly fds: readonly number[];
}

/**
 * Hands each worker duplicates of the listening sockets. The originals stay here, for workers that come later.
 */
export class ListenSockets {
  #sockets: readonly PoolSocket[] = [];
  /** Duplicates that a worker was given, with the socket that they belong to. */
  readonly #given = new Map<number, { fd: number; inode: number }[]>();

  /** Takes the descriptors over. */
  set(sockets: readonly PoolSocket[]): void {
    this.#sockets = sockets;
  }

  /** Duplicates for one worker, which closes them. */
  duplicatesFor(workerIndex: number): ListenSocket[] {
    const given = this.#sockets.map(({ listenerName, addressIndex, fds }) => {
      const original = fds[workerIndex % fds.length]!;
      return { listenerName, addressIndex, fd: duplicate(original), original };
    });
    this.#given.set(
      workerIndex,
      given.map(({ fd, original }) => ({ fd, inode: fstatSync(original).ino })),
    );
    return given.map(({ listenerName, addressIndex, fd }) => ({ listenerName, addressIndex, fd }));
  }

  /**
   * Closes what a dead worker has left open: a thread that ends closes what it listens on, but not what it was
   * still to listen on. The numbers of those that it did close may be in use again, for something else or for
   * another worker's duplicate.
   */
  reclaim(workerIndex: number): void {
    const given = this.#given.get(workerIndex) ?? [];
    this.#given.delete(workerIndex);
    const others = new Set([...this.#given.values()].flat().map(({ fd }) => fd));
    for (const { fd, inode } of given) {
      if (!others.has(fd) && inodeOf(fd) === inode) closeSync(fd);
    }
  }

  /** Closes the originals. */
  close(): void {
    for (const socket of this.#sockets) for (const fd of socket.fds) closeSync(fd);
    this.#sockets = [];
  }
}

function inodeOf(fd: number): number | undefined {
  try {
    return fstatSync(fd).ino;
  } catch {
    return undefined;
  }
}

import { chmodSync, closeSync, lstatSync, statSync, unlinkSync, type Stats } from "node:fs";
import { addressText } from "../common/address.ts";
import {
  SystemError,
  bindSocket,
  boundAddress,
  listenSocket,
  probePipe,
  setIpv6Only,
  setReuseAddress,
  setReusePort,
  streamSocket,
} from "../common/libc.ts";
import type { Address, PipeAddress } from "../contracts/address.ts";
import type { Result } from "../contracts/result.ts";
import type { SocketRequest } from "./protocol.ts";

/** The open sockets of one request. */
export interface ListeningSocketSet {
  readonly address: Address;
  readonly fds: readonly number[];
}

interface OpenSet extends ListeningSocketSet {
  /** The socket file, so that at the end only our own is removed. */
  readonly file: { readonly path: string; readonly stats: Stats } | undefined;
}

/**
 * The listening sockets of the whole process tree. They live here, in the process that does nothing else, so that
 * connections wait in their queues while the data plane is replaced.
 */
export class ListeningSockets {
  #open = new Map<string, OpenSet>();

  /**
   * Makes `requests` the complete set. When anything cannot be opened, nothing has changed but stale socket
   * files, and the error lists every problem.
   */
  replace(requests: readonly SocketRequest[]): Result<ListeningSocketSet[], string[]> {
    const next = new Map<string, OpenSet>();
    const opened: OpenSet[] = [];
    const problems: string[] = [];
    this.#closeConflicting(requests);
    for (const request of requests) {
      const key = keyOf(request);
      try {
        if (next.has(key)) throw new SystemError("bind", addressInUse);
        const set = this.#open.get(key) ?? openSockets(request);
        if (!this.#open.has(key)) opened.push(set);
        next.set(key, set);
        for (const fd of set.fds) listenSocket(fd, request.backlog);
      } catch (error) {
        problems.push(problemText(request, error));
      }
    }
    if (problems.length > 0) {
      for (const set of opened) closeSet(set);
      return { ok: false, error: problems };
    }
    for (const [key, set] of this.#open) if (!next.has(key)) closeSet(set);
    this.#open = next;
    return { ok: true, value: requests.map((request) => next.get(keyOf(request))!) };
  }

  /** Refuses connections from now on, and removes the socket files. */
  close(): void {
    for (const set of this.#open.values()) closeSet(set);
    this.#open.clear();
  }

  // A socket that is to be opened anew with other options would find its own predecessor in the way.
  #closeConflicting(requests: readonly SocketRequest[]): void {
    const wanted = new Set(requests.map(keyOf));
    const addresses = new Set(requests.map((request) => addressText(request.address)));
    for (const [key, set] of this.#open) {
      if (wanted.has(key) || !addresses.has(addressText(set.address))) continue;
      closeSet(set);
      this.#open.delete(key);
    }
  }
}

const addressInUse = 98;

/** Requests with equal keys mean the same sockets. */
function keyOf(request: SocketRequest): string {
  const { address, reusePort, copies } = request;
  const chosenByKernel = address.kind === "ip" && address.port === 0;
  const owner = chosenByKernel ? `${request.addressIndex} ${request.listenerName}` : "";
  const ipv4Too = address.kind === "ip" && address.ipv4Compat === true;
  return [addressText(address), reusePort, copies, ipv4Too, owner].join(" ");
}

function openSockets(request: SocketRequest): OpenSet {
  const fds: number[] = [];
  try {
    if (request.address.kind === "pipe") return openPipe(request.address);
    let address = request.address;
    for (let i = 0; i < request.copies; i += 1) {
      const fd = streamSocket(address);
      fds.push(fd);
      setReuseAddress(fd);
      if (request.reusePort) setReusePort(fd);
      if (address.family === 6) setIpv6Only(fd, address.ipv4Compat !== true);
      bindSocket(fd, address);
      if (address.port === 0) address = { ...address, port: boundAddress(fd).port };
      // Two processes can bind one port as long as neither listens; listening settles whose it is.
      listenSocket(fd, request.backlog);
    }
    return { address, fds, file: undefined };
  } catch (error) {
    for (const fd of fds) closeSync(fd);
    throw error;
  }
}

function openPipe(address: PipeAddress): OpenSet {
  const fd = streamSocket(address);
  try {
    if (address.path.startsWith("@")) {
      bindSocket(fd, address);
      return { address, fds: [fd], file: undefined };
    }
    removeStale(address);
    // Nobody may connect between bind and chmod who may not afterwards.
    const before = address.mode === 0 ? undefined : process.umask(0o177);
    try {
      bindSocket(fd, address);
    } finally {
      if (before !== undefined) process.umask(before);
    }
    if (address.mode !== 0) chmodSync(address.path, address.mode);
    return {
      address,
      fds: [fd],
      file: { path: address.path, stats: statSync(address.path) },
    };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Removes a socket file that nobody listens on; anything else stays, and `bind` will say so. */
function removeStale(address: PipeAddress): void {
  const stats = lstatSync(address.path, { throwIfNoEntry: false });
  if (stats?.isSocket() === true && probePipe(address) === "stale") unlinkSync(address.path);
}

function closeSet(set: OpenSet): void {
  for (const fd of set.fds) closeSync(fd);
  if (set.file === undefined) return;
  const now = statSync(set.file.path, { throwIfNoEntry: false });
  if (now?.ino === set.file.stats.ino && now.dev === set.file.stats.dev) unlinkSync(set.file.path);
}

const hints: { readonly [code: string]: string } = {
  EADDRINUSE: "another process or listener has it; end that one, or choose another address",
  EADDRNOTAVAIL: "no interface of this machine has this address",
  EACCES: "ports below 1024 need root or CAP_NET_BIND_SERVICE, socket files a writable directory",
  ENOENT: "the socket's directory does not exist",
  ENAMETOOLONG: "a socket's path has at most 107 bytes",
  EMFILE: "raise the limit of open files (ulimit -n)",
};

function problemText(request: SocketRequest, error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const hint = hints[code];
  const text = `listener '${request.listenerName}': cannot listen on ${addressText(request.address)}: ${reason}`;
  return hint === undefined ? text : `${text}: ${hint}`;
}

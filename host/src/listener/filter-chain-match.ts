import { isLoopback } from "../common/address.ts";
import type { Address } from "../contracts/address.ts";
import type { CidrRange, FilterChainMatchConfig } from "../contracts/config/snapshot.ts";
import type { ConnectionSocket } from "../contracts/network/listener-filter.ts";
import { everyAddress, IpTrie } from "./ip-trie.ts";

/** One criterion: which entries a chain has there, and which entry a connection takes. */
interface Level<Key> {
  keys(match: FilterChainMatchConfig): readonly Key[];
  newTable(): Table<Key>;
}

/** The entries of one criterion below one choice of the criteria before it. */
interface Table<Key> {
  /** The entry of `key`, made when there is none. */
  at(key: Key, make: () => Entry): Entry;
  /** The most specific entry for `socket`. There is no way back from it. */
  select(socket: ConnectionSocket): Entry | undefined;
}

/** The table of the next criterion, or at the end a chain. */
interface Entry {
  next: Table<unknown> | undefined;
  chain: number;
}

const none = -1;

/** No port, no name, no protocol. */
const anyPort: readonly number[] = [0];
const anyText: readonly string[] = [""];

class PortTable implements Table<number> {
  readonly #entries = new Map<number, Entry>();
  readonly #address: (socket: ConnectionSocket) => Address;

  constructor(address: (socket: ConnectionSocket) => Address) {
    this.#address = address;
  }

  at(key: number, make: () => Entry): Entry {
    return getOrMake(this.#entries, key, make);
  }

  select(socket: ConnectionSocket): Entry | undefined {
    const address = this.#address(socket);
    const port = address.kind === "ip" ? address.port : 0;
    return this.#entries.get(port) ?? this.#entries.get(0);
  }
}

class PrefixTable implements Table<CidrRange> {
  readonly #trie = new IpTrie<Entry>();
  readonly #address: (socket: ConnectionSocket) => Address;

  constructor(address: (socket: ConnectionSocket) => Address) {
    this.#address = address;
  }

  at(key: CidrRange, make: () => Entry): Entry {
    return this.#trie.at(key, make);
  }

  select(socket: ConnectionSocket): Entry | undefined {
    return this.#trie.find(this.#address(socket));
  }
}

class ServerNameTable implements Table<string> {
  /** Exact names, `.suffix` for `*.suffix`, and the empty string. */
  readonly #entries = new Map<string, Entry>();

  at(key: string, make: () => Entry): Entry {
    const name = key.startsWith("*.") ? key.slice(1) : key;
    return getOrMake(this.#entries, name.toLowerCase(), make);
  }

  select(socket: ConnectionSocket): Entry | undefined {
    const name = socket.requestedServerName;
    const exact = this.#entries.get(name);
    if (exact !== undefined) return exact;
    for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) {
      const entry = this.#entries.get(name.slice(dot));
      if (entry !== undefined) return entry;
    }
    return this.#entries.get("");
  }
}

class TransportProtocolTable implements Table<string> {
  readonly #entries = new Map<string, Entry>();

  at(key: string, make: () => Entry): Entry {
    return getOrMake(this.#entries, key, make);
  }

  select(socket: ConnectionSocket): Entry | undefined {
    return this.#entries.get(socket.detectedTransportProtocol) ?? this.#entries.get("");
  }
}

class ApplicationProtocolTable implements Table<string> {
  readonly #entries = new Map<string, Entry>();

  at(key: string, make: () => Entry): Entry {
    return getOrMake(this.#entries, key, make);
  }

  // In the client's order of preference.
  select(socket: ConnectionSocket): Entry | undefined {
    for (const protocol of socket.requestedApplicationProtocols) {
      const entry = this.#entries.get(protocol);
      if (entry !== undefined) return entry;
    }
    return this.#entries.get("");
  }
}

type SourceType = FilterChainMatchConfig["sourceType"];

class SourceTypeTable implements Table<SourceType> {
  readonly #entries = new Map<SourceType, Entry>();

  at(key: SourceType, make: () => Entry): Entry {
    return getOrMake(this.#entries, key, make);
  }

  select(socket: ConnectionSocket): Entry | undefined {
    const type = isLocal(socket) ? "same_ip_or_loopback" : "external";
    return this.#entries.get(type) ?? this.#entries.get("any");
  }
}

function isLocal(socket: ConnectionSocket): boolean {
  const { localAddress: local, remoteAddress: remote } = socket;
  if (remote.kind === "pipe" || isLoopback(remote)) return true;
  return local.kind === "ip" && local.ip === remote.ip;
}

function getOrMake<K>(entries: Map<K, Entry>, key: K, make: () => Entry): Entry {
  let entry = entries.get(key);
  if (entry === undefined) {
    entry = make();
    entries.set(key, entry);
  }
  return entry;
}

const orAll = <T>(given: readonly T[], all: readonly T[]): readonly T[] =>
  given.length > 0 ? given : all;
const local = (socket: ConnectionSocket): Address => socket.localAddress;
const remote = (socket: ConnectionSocket): Address => socket.remoteAddress;
const directRemote = (socket: ConnectionSocket): Address => socket.directRemoteAddress;

/** A level without its key type, so that all levels fit one list. */
function level<Key>(keys: Level<Key>["keys"], newTable: Level<Key>["newTable"]): Level<unknown> {
  return { keys, newTable: newTable as () => Table<unknown> };
}

/** The criteria in the order in which Envoy evaluates them. */
const levels: readonly Level<unknown>[] = [
  level(
    (match) => (match.destinationPort === undefined ? anyPort : [match.destinationPort]),
    () => new PortTable(local),
  ),
  level(
    (match) => orAll(match.prefixRanges, everyAddress),
    () => new PrefixTable(local),
  ),
  level(
    (match) => orAll(match.serverNames, anyText),
    () => new ServerNameTable(),
  ),
  level(
    (match) => [match.transportProtocol],
    () => new TransportProtocolTable(),
  ),
  level(
    (match) => orAll(match.applicationProtocols, anyText),
    () => new ApplicationProtocolTable(),
  ),
  level(
    (match) => orAll(match.directSourcePrefixRanges, everyAddress),
    () => new PrefixTable(directRemote),
  ),
  level(
    (match) => [match.sourceType],
    () => new SourceTypeTable(),
  ),
  level(
    (match) => orAll(match.sourcePrefixRanges, everyAddress),
    () => new PrefixTable(remote),
  ),
  level(
    (match) => orAll(match.sourcePorts, anyPort),
    () => new PortTable(remote),
  ),
];

/**
 * Chooses the filter chain of a connection (`FilterChainMatch`).
 *
 * Each criterion narrows the chains to those with its most specific entry; when a later criterion then finds
 * nothing, there is no match, even if a less specific entry would have led to one.
 */
export class FilterChainMatcher {
  readonly #root = levels[0]!.newTable();
  #size = 0;

  /** Adds the next chain. False: some connection would match it as well as an earlier one. */
  add(match: FilterChainMatchConfig): boolean {
    const chain = this.#size;
    this.#size += 1;
    return insert(this.#root, 0, match, chain);
  }

  /** The chain (counted in the order of `add`) for `socket`; -1 when none matches. */
  find(socket: ConnectionSocket): number {
    let table: Table<unknown> | undefined = this.#root;
    let chain = none;
    while (table !== undefined) {
      const entry: Entry | undefined = table.select(socket);
      if (entry === undefined) return none;
      table = entry.next;
      chain = entry.chain;
    }
    return chain;
  }
}

// Every criterion may have several entries: a chain stands under each combination.
function insert(
  table: Table<unknown>,
  depth: number,
  match: FilterChainMatchConfig,
  chain: number,
): boolean {
  const last = depth === levels.length - 1;
  let ok = true;
  for (const key of levels[depth]!.keys(match)) {
    const entry = table.at(key, () => ({
      next: last ? undefined : levels[depth + 1]!.newTable(),
      chain: none,
    }));
    if (!last) {
      ok = insert(entry.next!, depth + 1, match, chain) && ok;
    } else if (entry.chain === none) {
      entry.chain = chain;
    } else {
      ok = false;
    }
  }
  return ok;
}

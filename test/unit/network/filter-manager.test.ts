import assert from "node:assert/strict";
import { test } from "node:test";
import type { DataBuffer } from "../../../host/src/contracts/buffer.ts";
import { ConnectionCloseType } from "../../../host/src/contracts/network/connection.ts";
import {
  FilterStatus,
  type ReadFilter,
  type ReadFilterCallbacks,
  type WriteFilter,
  type WriteFilterCallbacks,
} from "../../../host/src/contracts/network/filter.ts";
import {
  begin,
  bytes,
  connectionPair,
  readBytes,
  readToEnd,
} from "../../support/connection-pair.ts";

/** Writes every call into a common journal. */
class JournalFilter implements ReadFilter, WriteFilter {
  readonly name: string;
  readonly journal: string[];
  read!: ReadFilterCallbacks;
  writer!: WriteFilterCallbacks;
  newConnectionStatus: FilterStatus = FilterStatus.Continue;
  readStatus: FilterStatus = FilterStatus.Continue;
  writeStatus: FilterStatus = FilterStatus.Continue;
  onRead: (data: DataBuffer) => void = () => undefined;

  constructor(name: string, journal: string[]) {
    this.name = name;
    this.journal = journal;
  }

  initializeReadFilterCallbacks(callbacks: ReadFilterCallbacks): void {
    this.read = callbacks;
  }

  initializeWriteFilterCallbacks(callbacks: WriteFilterCallbacks): void {
    this.writer = callbacks;
  }

  onNewConnection(): FilterStatus {
    this.journal.push(`${this.name} new`);
    return this.newConnectionStatus;
  }

  onData(data: DataBuffer, endStream: boolean): FilterStatus {
    this.journal.push(`${this.name} data ${data.toBuffer().toString()}${endStream ? " end" : ""}`);
    this.onRead(data);
    return this.readStatus;
  }

  onWrite(data: DataBuffer, endStream: boolean): FilterStatus {
    this.journal.push(`${this.name} write ${data.toBuffer().toString()}${endStream ? " end" : ""}`);
    return this.writeStatus;
  }
}

async function chain(...names: string[]) {
  const pair = await connectionPair();
  const journal: string[] = [];
  const filters = names.map((name) => new JournalFilter(name, journal));
  for (const filter of filters) pair.connection.addFilter(filter);
  return { pair, journal, filters, connection: pair.connection };
}

/** Lets the connection see bytes as if they had been peeked: at once, in one piece. */
const drainAll = (data: DataBuffer): void => data.drain(data.length);

test("FilterManager calls read filters in order and write filters in reverse", async () => {
  const { pair, journal, filters, connection } = await chain("a", "b", "c");
  await using _ = pair;
  filters[2]!.onRead = drainAll;
  begin(connection, Buffer.from("in"));
  connection.write(bytes("out"), false);
  assert.deepEqual(journal, [
    "a new",
    "b new",
    "c new",
    "a data in",
    "b data in",
    "c data in",
    "c write out",
    "b write out",
    "a write out",
  ]);
  assert.equal(await readBytes(pair.peer, 3), "out");
});

test("FilterManager gives later filters their onNewConnection when iteration resumes", async () => {
  const { pair, journal, filters, connection } = await chain("a", "b", "c");
  await using _ = pair;
  filters[1]!.newConnectionStatus = FilterStatus.StopIteration;
  filters[2]!.onRead = drainAll;
  begin(connection);
  assert.deepEqual(journal, ["a new", "b new"]);
  journal.length = 0;
  connection.start(Buffer.from("x"));
  assert.deepEqual(journal, ["a data x", "b data x", "c new", "c data x"]);
});

test("FilterManager presents what a stopping filter left, with new data, to the first filter", async () => {
  const { pair, journal, filters, connection } = await chain("a", "b");
  await using _ = pair;
  filters[0]!.readStatus = FilterStatus.StopIteration;
  begin(connection, Buffer.from("one"));
  connection.start(Buffer.from("two"));
  assert.deepEqual(journal, ["a new", "b new", "a data one", "a data onetwo"]);
});

test("FilterManager.continueReading() resumes behind the caller with the read buffer", async () => {
  const { pair, journal, filters, connection } = await chain("a", "b", "c");
  await using _ = pair;
  filters[0]!.readStatus = FilterStatus.StopIteration;
  filters[2]!.onRead = drainAll;
  begin(connection, Buffer.from("held"));
  journal.length = 0;
  filters[0]!.read.continueReading();
  assert.deepEqual(journal, ["b data held", "c data held"]);
  filters[0]!.read.continueReading();
  assert.deepEqual(journal, ["b data held", "c data held"], "nothing is left to read");
});

test("FilterManager does not call filters for an empty read without the end of the stream", async () => {
  const { pair, journal, filters, connection } = await chain("a", "b");
  await using _ = pair;
  filters[0]!.onRead = drainAll;
  begin(connection, Buffer.from("eaten"));
  assert.deepEqual(journal, ["a new", "b new", "a data eaten"]);
});

test("FilterManager.injectReadDataToFilterChain() starts behind the caller", async () => {
  const { pair, journal, filters, connection } = await chain("a", "b", "c");
  await using _ = pair;
  filters[0]!.newConnectionStatus = FilterStatus.StopIteration;
  begin(connection);
  filters[0]!.read.injectReadDataToFilterChain(bytes("mine"), true);
  assert.deepEqual(journal, ["a new", "b new", "b data mine end", "c new", "c data mine end"]);
});

test("FilterManager.injectWriteDataToFilterChain() goes on towards the socket", async () => {
  const { pair, journal, filters, connection } = await chain("a", "b", "c");
  await using _ = pair;
  begin(connection);
  journal.length = 0;
  filters[1]!.writeStatus = FilterStatus.StopIteration;
  connection.write(bytes("lost"), false);
  assert.deepEqual(journal, ["c write lost", "b write lost"]);
  filters[1]!.writer.injectWriteDataToFilterChain(bytes("instead"), false);
  assert.deepEqual(journal.slice(2), ["a write instead"]);
  assert.equal(await readBytes(pair.peer, 7), "instead", "the stopped write went nowhere");
});

test("FilterManager stops when a filter closes the connection", async () => {
  const { pair, journal, filters, connection } = await chain("a", "b");
  await using _ = pair;
  filters[0]!.onRead = () => {
    connection.write(bytes("bye"), false);
    connection.close(ConnectionCloseType.FlushWrite);
  };
  begin(connection, Buffer.from("x"));
  assert.deepEqual(journal, ["a new", "b new", "a data x", "b write bye", "a write bye"]);
  filters[0]!.read.continueReading();
  filters[0]!.read.injectReadDataToFilterChain(bytes("no"), false);
  filters[0]!.writer.injectWriteDataToFilterChain(bytes("no"), false);
  connection.write(bytes("no"), false);
  assert.equal(journal.length, 5);
  assert.equal(await readToEnd(pair.peer), "bye");
});

test("FilterManager passes the end of the stream on without data", async () => {
  const { pair, journal, filters, connection } = await chain("a", "b");
  await using _ = pair;
  connection.enableHalfClose(true);
  begin(connection);
  journal.length = 0;
  const ended = new Promise<void>((resolve) => {
    filters[1]!.onRead = () => resolve();
  });
  pair.peer.end();
  await ended;
  assert.deepEqual(journal, ["a data  end", "b data  end"]);
});

test("FilterManager.initializeReadFilters() says when there are no filters", async () => {
  await using pair = await connectionPair();
  assert.equal(pair.connection.initializeReadFilters(), false);
});

test("FilterManager shares the upstream host among read filters", async () => {
  const { pair, filters } = await chain("a", "b");
  await using _ = pair;
  const host = { addressText: "10.0.0.1:80" } as never;
  filters[1]!.read.upstreamHost = host;
  assert.equal(filters[0]!.read.upstreamHost, host);
});

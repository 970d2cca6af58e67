import assert from "node:assert/strict";
import { test } from "node:test";
import {
  STATUS_BAD_ARGUMENT,
  STATUS_NOT_FOUND,
  STATUS_OK,
  STATUS_UNIMPLEMENTED,
} from "@sluice/abi";
import { OwnedBuffer } from "../../../../../host/src/common/data-buffer.ts";
import { AcceptedContext } from "../../../../../host/src/guest/wasm/proxy-wasm/accepted-context.ts";
import { NetworkContext } from "../../../../../host/src/guest/wasm/proxy-wasm/network-context.ts";
import type { Connection } from "../../../../../host/src/contracts/network/connection.ts";
import type { StreamInfo } from "../../../../../host/src/contracts/stream-info.ts";
import { GuestCalls } from "../../../../support/wasm-calls.ts";

const [downstream, upstream] = [2, 3];

/** Host calls on a connection, and on an accepted socket. */
class Connected {
  readonly calls: GuestCalls;
  readonly journal: string[] = [];
  readonly context: NetworkContext;
  readonly accepted: AcceptedContext;

  static async create(): Promise<Connected> {
    return new Connected(await GuestCalls.create());
  }

  private constructor(calls: GuestCalls) {
    this.calls = calls;
    const { streamInfo } = calls.actions;
    const note = (what: string) => (): void => void this.journal.push(what);
    this.context = new NetworkContext(calls.root, calls.vm.takeContextId(), {
      continueReading: note("continue"),
      closeConnection: (details) => this.journal.push(details),
      onVmFailed: note("failed"),
      writeToClient: (bytes, end) => this.journal.push(`write ${bytes.toString()} ${end}`),
      connection: { streamInfo } as unknown as Connection,
    });
    calls.vm.add(this.context);
    this.accepted = new AcceptedContext(calls.root, calls.vm.takeContextId(), {
      continueAccepting: note("continue accepting"),
      closeSocket: note("close socket"),
      onVmFailed: note("failed"),
      streamInfo: streamInfo as StreamInfo,
    });
    calls.vm.add(this.accepted);
  }

  /** The status of a call in a callback of the connection. */
  call(name: string, ...args: readonly (number | string)[]): number {
    return this.calls.inside(() => this.calls.call(name, ...args), this.context);
  }

  /** The same for the accepted socket. */
  callAccepted(name: string, ...args: readonly (number | string)[]): number {
    return this.calls.inside(() => this.calls.call(name, ...args), this.accepted);
  }

  buffer(type: number): [status: number, result?: string] {
    return this.calls.inside(
      () => this.calls.get("proxy_get_buffer_bytes", type, 0, 0xffffffff),
      this.context,
    );
  }
}

test("of a connection's two directions only the client's can be continued", async () => {
  const connected = await Connected.create();
  assert.equal(connected.call("proxy_continue_stream", downstream), STATUS_OK);
  assert.equal(connected.call("proxy_continue_stream", upstream), STATUS_UNIMPLEMENTED);
  assert.equal(connected.call("proxy_continue_stream", 4), STATUS_BAD_ARGUMENT);
  assert.equal(connected.call("proxy_continue_stream", 0), STATUS_OK);
  assert.deepEqual(connected.journal, ["continue"]);
});

test("closing either side closes the connection, when the callback has returned", async () => {
  const connected = await Connected.create();
  const { calls, journal } = connected;
  calls.inside(() => {
    assert.equal(calls.call("proxy_close_stream", downstream), STATUS_OK);
    assert.deepEqual(journal, []);
  }, connected.context);
  assert.equal(connected.call("proxy_close_stream", upstream), STATUS_OK);
  assert.equal(connected.call("proxy_close_stream", 1), STATUS_OK);
  assert.equal(connected.call("proxy_close_stream", 4), STATUS_BAD_ARGUMENT);
  assert.deepEqual(journal, ["wasm_downstream_close", "wasm_upstream_close"]);
});

test("a connection's buffers are empty and cannot be changed outside their callbacks", async () => {
  const connected = await Connected.create();
  for (const type of [2, 3]) {
    assert.deepEqual(connected.buffer(type), [STATUS_OK, ""]);
    assert.equal(connected.call("proxy_set_buffer_bytes", type, 0, 0, "x"), STATUS_BAD_ARGUMENT);
  }
});

test("a connection's buffers can be prepended to, replaced and appended to, not cut into", async () => {
  const connected = await Connected.create();
  const { context } = connected;
  const data = OwnedBuffer.of(Buffer.from("hello"));
  context.downstreamData = data;
  assert.equal(connected.call("proxy_set_buffer_bytes", 2, 0, 1, "J"), STATUS_OK);
  assert.equal(connected.call("proxy_set_buffer_bytes", 2, 0xffffffff, 0, "!"), STATUS_OK);
  assert.equal(connected.call("proxy_set_buffer_bytes", 2, 2, 1, "x"), STATUS_BAD_ARGUMENT);
  assert.deepEqual(connected.buffer(2), [STATUS_OK, "Jello!"]);
  assert.deepEqual(connected.buffer(3), [STATUS_OK, ""]);
  context.upstreamData = OwnedBuffer.of(Buffer.from("bye"));
  assert.equal(connected.call("proxy_set_buffer_bytes", 3, 0, 3, ""), STATUS_OK);
  assert.deepEqual(connected.buffer(3), [STATUS_OK, ""]);
  assert.equal(data.toBuffer().toString(), "Jello!");
});

test("a connection has no header maps and answers nobody", async () => {
  const connected = await Connected.create();
  const { calls, context } = connected;
  const value = calls.inside(() => calls.get("proxy_get_header_map_value", 0, ":path"), context);
  assert.deepEqual(value, [STATUS_BAD_ARGUMENT]);
  assert.equal(connected.call("proxy_send_local_response", 200, "", "", "", -1), STATUS_OK);
  assert.deepEqual(connected.journal, []);
});

test("first bytes are wanted and taken of accepted sockets only", async () => {
  const connected = await Connected.create();
  assert.equal(connected.call("sluice_want_first_bytes", 10), STATUS_NOT_FOUND);
  assert.equal(connected.call("sluice_take_first_bytes", 0), STATUS_NOT_FOUND);
  assert.equal(connected.callAccepted("sluice_want_first_bytes", 10), STATUS_OK);
  assert.equal(connected.callAccepted("sluice_want_first_bytes", 5), STATUS_OK);
  assert.equal(connected.accepted.wantedBytes, 10);
  assert.equal(connected.callAccepted("sluice_want_first_bytes", 0), STATUS_BAD_ARGUMENT);
  assert.equal(connected.callAccepted("sluice_want_first_bytes", 65_537), STATUS_BAD_ARGUMENT);
  assert.equal(connected.callAccepted("sluice_take_first_bytes", 0), STATUS_BAD_ARGUMENT);
  connected.accepted.firstBytes = Buffer.from("hello");
  assert.equal(connected.callAccepted("sluice_take_first_bytes", 6), STATUS_BAD_ARGUMENT);
  assert.equal(connected.callAccepted("sluice_take_first_bytes", 3), STATUS_OK);
  assert.equal(connected.callAccepted("sluice_take_first_bytes", 2), STATUS_OK);
  assert.equal(connected.accepted.takenBytes, 5);
});

test("an accepted socket goes on or is closed when the callback has returned", async () => {
  const connected = await Connected.create();
  for (const type of [downstream, upstream, 0]) {
    const expected = type === upstream ? STATUS_UNIMPLEMENTED : STATUS_OK;
    assert.equal(connected.callAccepted("proxy_continue_stream", type), expected);
    assert.equal(connected.callAccepted("proxy_close_stream", type), STATUS_OK);
  }
  assert.deepEqual(connected.journal, ["continue accepting", "close socket"]);
});

test("connections are opened and written to by network filters only", async () => {
  const connected = await Connected.create();
  assert.equal(connected.callAccepted("sluice_tcp_write", 0, "x", 0), STATUS_NOT_FOUND);
  assert.equal(connected.callAccepted("sluice_tcp_connect", "known", 16), STATUS_NOT_FOUND);
  assert.equal(connected.callAccepted("sluice_tcp_close", 1), STATUS_NOT_FOUND);
  assert.equal(connected.call("sluice_tcp_connect", "unknown", 16), STATUS_BAD_ARGUMENT);
  assert.equal(connected.call("sluice_tcp_write", 1, "x", 0), STATUS_NOT_FOUND);
  assert.equal(connected.call("sluice_tcp_close", 1), STATUS_NOT_FOUND);
  assert.equal(connected.call("sluice_tcp_close", 0), STATUS_NOT_FOUND);
});

test("what is written to the client leaves when the callback has returned", async () => {
  const connected = await Connected.create();
  const { calls, journal } = connected;
  calls.inside(() => {
    assert.equal(calls.call("sluice_tcp_write", 0, "text", 0), STATUS_OK);
    assert.deepEqual(journal, []);
  }, connected.context);
  assert.equal(connected.call("sluice_tcp_write", 0, "", 1), STATUS_OK);
  assert.deepEqual(journal, ["write text false", "write  true"]);
});

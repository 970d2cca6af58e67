import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import type { GrpcServiceConfig } from "../../../host/src/contracts/config/grpc-service.ts";
import { GrpcClient } from "../../../host/src/grpc/grpc-client.ts";
import type { GrpcStream } from "../../../host/src/grpc/grpc-stream.ts";
import { GrpcServer } from "../../support/grpc-server.ts";
import { freePort } from "../../support/ports.ts";
import { clusterOf, TestClusters } from "../../support/router-server.ts";

const plain: GrpcServiceConfig = {
  cluster: "c",
  authority: "",
  timeoutMs: 0,
  messageMax: 0,
  metadata: [],
  envoyHeaders: true,
  retry: undefined,
};

/** A client of one cluster, which is removed at the end. */
class Fixture implements Disposable {
  readonly clusters = new TestClusters();
  readonly client: GrpcClient;

  constructor(ports: readonly number[], more: Partial<GrpcServiceConfig> = {}) {
    this.clusters.put(clusterOf("c", ports, { http2_protocol_options: {} }));
    const { manager, dispatcher } = this.clusters;
    this.client = new GrpcClient(
      { ...plain, ...more },
      {
        clusters: manager,
        createTimer: (callback) => dispatcher.createTimer(callback),
        random: dispatcher.random,
      },
    );
  }

  /** The answer, or `status text`. */
  call(method: string, text = "hello", timeoutMs?: number): Promise<string> {
    const head = { service: "test.Echo", method, metadata: [["x-a", "1"]], timeoutMs } as const;
    return new Promise((resolve) => {
      this.client.call(head, Buffer.from(text), {
        onSuccess: (message) => resolve(message.toString()),
        onFailure: (status, why) => resolve(`${status} ${why}`),
      });
    });
  }

  open(method: string): OpenStream {
    return new OpenStream(this.client, method);
  }

  [Symbol.dispose](): void {
    this.clusters.update({ clusters: [], removedClusters: ["c"] });
  }
}

/** A stream and what came on it. */
class OpenStream {
  readonly events: string[] = [];
  readonly stream: GrpcStream | undefined;
  readonly #waiting: (() => void)[] = [];

  constructor(client: GrpcClient, method: string) {
    const note = (event: string): void => {
      this.events.push(event);
      for (const wake of this.#waiting.splice(0)) wake();
    };
    this.stream = client.open(
      { service: "test.Echo", method, metadata: [] },
      {
        onInitialMetadata: (metadata) => note(`initial ${metadata.get("x-first") ?? "-"}`),
        onMessage: (message) => note(`message ${message.toString()}`),
        onTrailingMetadata: (metadata) => note(`trailing ${metadata.get("x-last") ?? "-"}`),
        onClose: (status, text) => note(`close ${status} ${text}`),
      },
    );
  }

  async until(count: number): Promise<string[]> {
    while (this.events.length < count) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return this.events;
  }
}

describe("unary calls", () => {
  test("have the head that gRPC asks for, and what the service adds", async () => {
    await using server = await GrpcServer.start();
    using fixture = new Fixture([server.port], {
      authority: "name",
      timeoutMs: 20_000,
      metadata: [["x-service", "s"]],
    });
    assert.equal(await fixture.call("echo"), "hello");
    const { [":path"]: path, [":authority"]: authority, te, ...head } = server.heads[0]!;
    assert.deepEqual([path, authority, te], ["/test.Echo/echo", "name", "trailers"]);
    assert.equal(head["content-type"], "application/grpc");
    assert.equal(head["grpc-timeout"], "20000m");
    assert.deepEqual([head["x-service"], head["x-a"]], ["s", "1"]);
    await fixture.call("echo", "x", 0);
    assert.equal(server.heads[1]!["grpc-timeout"], undefined);
  });

  const outcomes = {
    fails: "9 not %25 now{via_upstream}",
    failsLate: "5 gone{via_upstream}",
    unavailable: "14 via_upstream",
    withoutTrailers: "2 via_upstream",
    withoutStatus: "2 via_upstream",
    withoutMessage: "13 ",
    compressed: "13 via_upstream",
    halfMessage: "13 ",
    breaks: "13 via_upstream",
  };
  test("end with the server's status, or with one for what is wrong with the answer", async () => {
    await using server = await GrpcServer.start();
    using fixture = new Fixture([server.port]);
    for (const [method, outcome] of Object.entries(outcomes)) {
      assert.equal(await fixture.call(method), outcome, method);
    }
  });

  test("end with Unavailable when nobody answers", async () => {
    await using server = await GrpcServer.start();
    using silent = new Fixture([server.port]);
    const late = "14 upstream request timeout{response_timeout}";
    assert.equal(await silent.call("silent", "x", 30), late);
    using nobody = new Fixture([]);
    assert.equal(await nobody.call("echo"), "14 no healthy upstream{no_healthy_upstream}");
    using refused = new Fixture([await freePort()]);
    assert.match(await refused.call("echo"), /^14 .*remote_connection_failure/);
    using unknown = new Fixture([], { cluster: "unknown" });
    assert.equal(await unknown.call("echo"), "14 Cluster not available");
  });

  test("refuse answers that are too long", async () => {
    await using server = await GrpcServer.start();
    using fixture = new Fixture([server.port], { messageMax: 4 });
    assert.equal(await fixture.call("echo", "four"), "four");
    assert.equal(await fixture.call("echo", "fives"), "8 via_upstream");
    using other = new Fixture([server.port]);
    // The length of a message of 32 MiB and a byte, which never comes.
    server.intercept = (stream) => {
      stream.respond({ ":status": 200 });
      stream.write(Buffer.from([0, 2, 0, 0, 1]));
      return true;
    };
    assert.equal(await other.call("echo"), "8 via_upstream");
  });

  test("are made again after the statuses that the service names", async () => {
    await using server = await GrpcServer.start();
    const retry = { statuses: [14], retries: 2, baseMs: 1, maxMs: 2 };
    using fixture = new Fixture([server.port], { retry });
    let failing = 2;
    server.intercept = (stream) => {
      failing -= 1;
      if (failing < 0) return false;
      stream.respond({ ":status": 200, "grpc-status": "14" }, { endStream: true });
      return true;
    };
    assert.equal(await fixture.call("echo"), "hello");
    assert.equal(server.heads.length, 3);
    failing = 3;
    assert.equal(await fixture.call("echo"), "14 via_upstream");
    assert.equal(server.heads.length, 6);
    failing = 0;
    assert.equal(await fixture.call("fails"), "9 not %25 now{via_upstream}");
    assert.equal(server.heads.length, 7);
  });

  test("cancelled, reset their stream and tell nothing", async () => {
    await using server = await GrpcServer.start();
    using fixture = new Fixture([server.port]);
    const reset = new Promise<number>((resolve) => {
      server.intercept = (stream) => {
        stream.on("close", () => resolve(stream.rstCode));
        call.cancel();
        return true;
      };
    });
    const told = (): never => assert.fail("told");
    const head = { service: "test.Echo", method: "silent", metadata: [] };
    const call = fixture.client.call(head, Buffer.alloc(0), { onSuccess: told, onFailure: told })!;
    assert.equal(await reset, 8);
  });
});

describe("streams", () => {
  test("carry messages both ways, as they come", async () => {
    await using server = await GrpcServer.start();
    using fixture = new Fixture([server.port]);
    const open = fixture.open("upper");
    open.stream!.send(Buffer.from("a"), false);
    await open.until(2);
    open.stream!.send(Buffer.from("b"), false);
    await open.until(3);
    open.stream!.end();
    assert.deepEqual(await open.until(5), [
      "initial 1st",
      "message A",
      "message B",
      "trailing end",
      "close 0 via_upstream",
    ]);
    assert.ok(open.stream!.over);
  });

  test("that the server ends first are reset", async () => {
    await using server = await GrpcServer.start();
    using fixture = new Fixture([server.port]);
    const open = fixture.open("fails");
    const events = await open.until(3);
    assert.deepEqual(events, ["initial -", "trailing t", "close 9 not %25 now{via_upstream}"]);
    open.stream!.send(Buffer.from("late"), false);
    assert.equal(fixture.clusters.values("cluster.c.").get("upstream_rq_active"), 0);
  });

  test("know how much waits for a server that does not read", async () => {
    await using server = await GrpcServer.start();
    server.intercept = (stream) => {
      stream.pause();
      stream.respond({ ":status": 200, "x-first": "1st" });
      return true;
    };
    using fixture = new Fixture([server.port]);
    const open = fixture.open("upper");
    await open.until(1);
    const megabyte = Buffer.alloc(1_048_576);
    for (let i = 0; i < 8; i += 1) open.stream!.send(megabyte, false);
    assert.ok(open.stream!.excess >= 4 * 1_048_576, `${open.stream!.excess} bytes`);
    open.stream!.reset();
  });
});

test("a server of grpc-js answers", async () => {
  const server = new grpc.Server();
  const same = (bytes: Buffer): Buffer => bytes;
  const definition = {
    echo: {
      path: "/test.Echo/echo",
      requestStream: false,
      responseStream: false,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    },
  };
  server.addService(definition, {
    echo: (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) =>
      call.request.length === 0
        ? done({ code: grpc.status.INVALID_ARGUMENT, details: "empty" })
        : done(null, call.request),
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  using fixture = new Fixture([port]);
  assert.equal(await fixture.call("echo", "from grpc-js"), "from grpc-js");
  assert.equal(await fixture.call("echo", ""), "3 empty{via_upstream}");
  server.forceShutdown();
});

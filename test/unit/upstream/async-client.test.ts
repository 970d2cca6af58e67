import assert from "node:assert/strict";
import { test } from "node:test";
import { headerMapOf } from "../../../host/src/common/headers/header-map.ts";
import type {
  AsyncClientRequest,
  AsyncClientResponse,
} from "../../../host/src/contracts/upstream/async-client.ts";
import { freePort } from "../../support/ports.ts";
import {
  answering,
  clusterOf,
  ok,
  TestClusters,
  TestUpstream,
} from "../../support/router-server.ts";
import type { JsonObject } from "@bufbuild/protobuf";

interface Outcome {
  readonly status: string | undefined;
  readonly body: string;
  readonly response: AsyncClientResponse | undefined;
  /** The callback was called before `send` returned. */
  readonly atOnce: boolean;
}

/** The clusters of a worker, removed again at the end. */
class Fixture implements Disposable {
  readonly clusters = new TestClusters();

  constructor(ports: readonly number[], more: JsonObject = {}) {
    this.clusters.put(clusterOf("c", ports, more));
  }

  request(more: Partial<AsyncClientRequest> = {}): AsyncClientRequest {
    return {
      headers: headerMapOf([
        [":method", "POST"],
        [":path", "/p"],
        [":authority", "host"],
        ["x-a", "1"],
      ]),
      body: undefined,
      trailers: undefined,
      timeoutMs: 0,
      sendXff: true,
      ...more,
    };
  }

  send(request: AsyncClientRequest): Promise<Outcome> {
    return new Promise((resolve) => {
      let atOnce = true;
      const client = this.clusters.manager.getThreadLocalCluster("c")!.httpAsyncClient();
      client.send(request, {
        onSuccess: (response) =>
          resolve({
            status: response.headers.get(":status"),
            body: response.body.toBuffer().latin1Slice(),
            response,
            atOnce,
          }),
        onFailure: (reason) =>
          resolve({ status: undefined, body: reason, response: undefined, atOnce }),
      });
      atOnce = false;
    });
  }

  [Symbol.dispose](): void {
    this.clusters.update({ clusters: [], removedClusters: ["c"] });
  }
}

test("send() gives the response, and the upstream sees who asks", async () => {
  let seen = "";
  await using upstream = await TestUpstream.start(
    answering((head, body) => {
      seen = `${head}|${body}`;
      return ok("answer", "x-r: 1\r\n");
    }),
  );
  using fixture = new Fixture([upstream.port]);
  const request = fixture.request({ body: Buffer.from("a\0b"), timeoutMs: 60_000 });
  request.headers.add("content-length", "3");
  const { status, body, response, atOnce } = await fixture.send(request);
  assert.deepEqual(
    [status, body, response?.headers.get("x-r"), atOnce],
    ["200", "answer", "1", false],
  );
  assert.match(seen, /^POST \/p HTTP\/1.1\r\n/);
  for (const line of [
    "host: host",
    "x-a: 1",
    "x-envoy-internal: true",
    "x-forwarded-for: 192.0.2.2",
    "x-envoy-expected-rq-timeout-ms: 60000",
  ]) {
    assert.ok(seen.includes(`\r\n${line}`), `${line} in ${seen}`);
  }
  assert.ok(seen.endsWith("|a\0b"));
  const values = fixture.clusters.values("cluster.c.");
  assert.equal(values.get("upstream_rq_200"), 1);
  assert.equal(values.get("internal.upstream_rq_200"), 1);
});

test("send() leaves x-forwarded-for alone when told so, and extends it otherwise", async () => {
  const heads: string[] = [];
  await using upstream = await TestUpstream.start(
    answering((head) => {
      heads.push(head);
      return ok("");
    }),
  );
  using fixture = new Fixture([upstream.port]);
  for (const sendXff of [true, false]) {
    const request = fixture.request({ sendXff });
    request.headers.add("x-forwarded-for", "10.0.0.1");
    await fixture.send(request);
  }
  assert.match(heads[0]!, /x-forwarded-for: 10\.0\.0\.1,192\.0\.2\.2(\r\n|$)/);
  assert.match(heads[1]!, /x-forwarded-for: 10\.0\.0\.1(\r\n|$)/);
});

test("send() gives a request the scheme that it lacks, which HTTP/2 asks for", async () => {
  await using upstream = await TestUpstream.start(answering(() => ok("")));
  using fixture = new Fixture([upstream.port]);
  for (const [more, expected] of [
    [[], "http"],
    [[["x-forwarded-proto", "https"]], "https"],
    [[["x-forwarded-proto", "ftp"]], "http"],
    [[[":scheme", "https"]], "https"],
    [[[":scheme", ""]], "http"],
  ] as const) {
    const request = fixture.request();
    for (const [name, value] of more) request.headers.add(name, value);
    await fixture.send(request);
    assert.equal(request.headers.get(":scheme"), expected);
    assert.equal(request.headers.nameAt(3), ":scheme");
  }
});

test("send() answers 504 when the time is up, and counts it", async () => {
  await using upstream = await TestUpstream.start(() => undefined);
  using fixture = new Fixture([upstream.port]);
  const { status, body, response } = await fixture.send(fixture.request({ timeoutMs: 20 }));
  assert.deepEqual([status, body], ["504", "upstream request timeout"]);
  assert.equal(response?.headers.get("content-type"), "text/plain");
  const values = fixture.clusters.values("cluster.c.");
  assert.equal(values.get("upstream_rq_timeout"), 1);
  assert.equal(values.get("upstream_rq_504"), 1);
});

test("send() answers 503 at once when there is no host", async () => {
  using fixture = new Fixture([]);
  const { status, body, atOnce } = await fixture.send(fixture.request());
  assert.deepEqual([status, body, atOnce], ["503", "no healthy upstream", true]);
});

test("send() answers 503 when nobody listens", async () => {
  using fixture = new Fixture([await freePort()]);
  const { status, body } = await fixture.send(fixture.request());
  assert.equal(status, "503");
  assert.match(
    body,
    /^upstream connect error or disconnect\/reset before headers\. reset reason: /,
  );
});

test("send() fails when the upstream leaves within its response", async () => {
  await using upstream = await TestUpstream.start((socket) => {
    socket.on("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"));
  });
  using fixture = new Fixture([upstream.port]);
  const { response, body } = await fixture.send(fixture.request());
  assert.deepEqual([response, body], [undefined, "reset"]);
});

test("cancel() ends the call without a callback", async () => {
  await using upstream = await TestUpstream.start(() => undefined);
  using fixture = new Fixture([upstream.port]);
  const client = fixture.clusters.manager.getThreadLocalCluster("c")!.httpAsyncClient();
  const call = client.send(fixture.request({ timeoutMs: 10 }), {
    onSuccess: () => assert.fail("called"),
    onFailure: () => assert.fail("called"),
  });
  call!.cancel();
  call!.cancel();
  const { status } = await fixture.send(fixture.request({ timeoutMs: 50 }));
  assert.equal(status, "504", "a later call is not concerned");
});

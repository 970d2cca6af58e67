import assert from "node:assert/strict";
import { test } from "node:test";
import { comparable } from "../../../../host/src/testing/report/comparable.ts";
import type { Received } from "../../../../host/src/testing/servers/received.ts";

const request = (server: string, path: string): Received => ({
  server,
  method: "GET",
  path,
  headers: [],
  body: Buffer.alloc(0),
  trailers: undefined,
  complete: true,
  messages: undefined,
});

function paths(...requests: Received[]): unknown {
  const observed = {
    response: undefined,
    reset: false,
    clientPort: undefined,
    received: undefined,
    closed: false,
    requests,
    fresh: [],
    connections: [],
    log: [],
    metrics: new Map<string, number>(),
  };
  const outcome = comparable({
    observed: [observed],
    records: [],
    costs: undefined,
    refused: undefined,
    startLines: 0,
  });
  const [step] = outcome["steps"] as unknown as { requests: { server: string; path: string }[] }[];
  return step!.requests.map(({ server, path }) => `${server} ${path}`);
}

test("comparable() keeps the order of what one server got, and no other", () => {
  const b2 = request("b", "/2");
  const b1 = request("b", "/1");
  const a = request("a", "/3");
  assert.deepEqual(paths(b2, a, b1), ["a /3", "b /2", "b /1"]);
  assert.deepEqual(paths(a, b2, b1), ["a /3", "b /2", "b /1"]);
});

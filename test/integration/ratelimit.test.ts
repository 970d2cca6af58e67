import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, describe, test } from "node:test";
import { limitCases } from "../golden/ratelimit/cases.ts";
import { connectionCases, runConnections } from "../golden/ratelimit/network.ts";
import { type LimitOutcome, runLimits } from "../golden/ratelimit/scenario.ts";
import type { ConnectionOutcome } from "../support/callout-connections.ts";

// Requests through a real proxy with a real rate limit service, against recordings of Envoy: what the service was
// asked, what the upstream and the client got, the access log and every counter.

const recorded = JSON.parse(
  readFileSync(new URL("../golden/ratelimit/outcomes.json", import.meta.url), "utf8"),
) as {
  readonly outcomes: { readonly [name: string]: LimitOutcome };
  readonly connections: { readonly [name: string]: ConnectionOutcome };
};

const outcomes = await runLimits({ after }, limitCases);
const connections = await runConnections({ after });

describe("ratelimit does what Envoy does", () => {
  for (const { name } of limitCases) {
    test(name, () => assert.deepEqual(outcomes.get(name), recorded.outcomes[name]));
  }
});

describe("the network filter does what Envoy's does", () => {
  for (const { name } of connectionCases) {
    test(name, () => assert.deepEqual(connections.get(name), recorded.connections[name]));
  }
});

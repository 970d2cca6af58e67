import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, describe, test } from "node:test";
import { authCases } from "../golden/ext-authz/cases.ts";
import { connectionCases, runConnections } from "../golden/ext-authz/network.ts";
import { type AuthOutcome, runCases } from "../golden/ext-authz/scenario.ts";
import type { ConnectionOutcome } from "../support/callout-connections.ts";

// Requests through a real proxy with real authorization services, over gRPC and HTTP, against recordings of Envoy:
// what the service was told, what the upstream and the client got, the access log and every counter.

const recorded = JSON.parse(
  readFileSync(new URL("../golden/ext-authz/outcomes.json", import.meta.url), "utf8"),
) as {
  readonly outcomes: { readonly [name: string]: AuthOutcome };
  readonly connections: { readonly [name: string]: ConnectionOutcome };
};

const outcomes = await runCases({ after }, authCases);
const connections = await runConnections({ after });

describe("ext_authz does what Envoy does", () => {
  for (const { name } of authCases) {
    test(name, () => assert.deepEqual(outcomes.get(name), recorded.outcomes[name]));
  }
});

describe("the network filter does what Envoy's does", () => {
  for (const { name } of connectionCases) {
    test(name, () => assert.deepEqual(connections.get(name), recorded.connections[name]));
  }
});

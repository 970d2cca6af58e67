import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { bootstrapText, luaMessage } from "../../../../host/src/dev/proxy/bootstrap-text.ts";
import { connectionBootstrap } from "../../../../host/src/dev/serve/connection-bootstrap.ts";

const upstream = { host: "127.0.0.1", port: 3 };
const clusters = new Map([["auth", { host: "::1", port: 4 }]]);
const ports = { proxyPort: 1, adminPort: 2 };

interface Bootstrap {
  readonly static_resources: { readonly clusters: readonly { readonly name: string }[] };
}

/** Names and addresses of the clusters. */
function clustersOf(text: string): string[] {
  const { static_resources } = parse(text) as Bootstrap;
  return static_resources.clusters.map((cluster) => {
    const [, host, port] = /"address":"([^"]+)","port_value":(\d+)/.exec(JSON.stringify(cluster))!;
    return `${cluster.name} ${host} ${port}`;
  });
}

test("bootstrapText() and connectionBootstrap() have the upstream and what filters call", () => {
  const wanted = ["upstream 127.0.0.1 3", "auth ::1 4"];
  const filters = [{ name: "mine", resource: "/tmp/mine.json", message: luaMessage }];
  const text = bootstrapText({ madeBy: "test", ...ports, upstream, clusters, filters });
  assert.deepEqual(clustersOf(text), wanted);
  assert.match(text, /^ +- name: "mine"\n +config_discovery:/m);
  const filter = filters[0]!;
  const parts = { place: "network", ...ports, upstream, clusters, filter } as const;
  assert.deepEqual(clustersOf(connectionBootstrap(parts)), wanted);
});

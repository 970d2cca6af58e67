import assert from "node:assert/strict";
import { copyFileSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { askOnce } from "../support/http-exchange.ts";
import { freePort } from "../support/ports.ts";
import { answering, ok, TestUpstream } from "../support/router-server.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import { placesModule } from "../support/wasm-places.ts";

const extensions = path.resolve(import.meta.dirname, "../../host/src/extensions");

/** The first YAML of a README, indented by so many blanks. */
function example(folder: string, indent: number): string {
  const text = readFileSync(path.join(extensions, folder, "README.md"), "utf8");
  const yaml = /```yaml\n([\s\S]*?)```/.exec(text)?.[1];
  assert.ok(yaml !== undefined, folder);
  return yaml.replaceAll(/^(?=.)/gm, " ".repeat(indent));
}

test("the configurations in the READMEs of services, sinks, access loggers and upstream filters run", async (t) => {
  const folder = scratchFolder(t);
  const module = await placesModule(folder);
  for (const name of ["refresher", "my-sink", "my-log"]) {
    copyFileSync(module, path.join(folder, `${name}.wasm`));
  }
  await using upstream = await TestUpstream.start(
    answering((head) => ok(/\r\nx-signed: ([^\r]*)/.exec(head)?.[1] ?? "unsigned")),
  );
  const port = await freePort();
  const endpoint = `{ address: { socket_address: { address: 127.0.0.1, port_value: ${upstream.port} } } }`;
  const config = `
${example("bootstrap/wasm", 0)}
${example("stat-sinks/wasm", 0)}
static_resources:
  listeners:
    - name: main
      address: { socket_address: { address: 127.0.0.1, port_value: ${port} } }
      filter_chains:
        - filters:
            - name: hcm
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: main
                route_config: { virtual_hosts: [{ name: all, domains: ["*"], routes: [
                  { match: { path: /missing }, direct_response: { status: 404 } },
                  { match: { prefix: / }, route: { cluster: backend } }] }] }
                http_filters:
                  - name: router
                    typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
${example("access-loggers/wasm", 16)}
${example("http-filters/upstream_codec", 2)}
      load_assignment: { cluster_name: backend, endpoints: [{ lb_endpoints: [{ endpoint: ${endpoint} }] }] }
`.replaceAll(/filename: (\S+\.wasm)/g, (_, file: string) => `filename: ${folder}/${file}`);
  const proxy = await startSluice(t, {
    config,
    folder,
    args: ["--concurrency", "1", "--component-log-level", "wasm:info"],
  });
  assert.equal((await askOnce(port)).body, "yes");
  await askOnce(port, { path: "/missing" });
  // Without a vm_id, lines of root contexts do not say whose they are.
  await proxy.untilLogged("wasm log: log root");
});

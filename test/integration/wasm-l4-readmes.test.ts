import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { test } from "node:test";
import { statsBelow } from "../support/admin-stats.ts";
import { assemblyScript } from "../support/assemblyscript.ts";
import { readBytes } from "../support/connection-pair.ts";
import { listenerPorts } from "../support/listener-ports.ts";
import { freePort } from "../support/ports.ts";
import { logLines } from "../support/proxy-config.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";

const root = path.resolve(import.meta.dirname, "../..");

/** The YAML of a README, indented by so many blanks. */
function example(folder: string, indent: number): string {
  const text = readFileSync(path.join(root, "host/src/extensions", folder, "README.md"), "utf8");
  const yaml = /```yaml\n([\s\S]*?)```/.exec(text)?.[1];
  assert.ok(yaml !== undefined, folder);
  return yaml.replaceAll(/^(?=.)/gm, " ".repeat(indent));
}

test("the configurations in the READMEs of the network filter and the listener filter run", async (t) => {
  const folder = scratchFolder(t);
  copyFileSync(
    path.join(root, "test/fixtures/wasm/rust/network.wasm"),
    path.join(folder, "line-filter.wasm"),
  );
  const gate = await assemblyScript("test/fixtures/wasm/assembly/accepted.ts");
  writeFileSync(path.join(folder, "gate.wasm"), gate);
  const upstream = net.createServer((socket) => socket.on("error", () => {}).pipe(socket));
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  t.after(() => upstream.close());
  const { port } = upstream.address() as net.AddressInfo;
  const endpoint = `{ address: { socket_address: { address: 127.0.0.1, port_value: ${port} } } }`;
  const adminPort = await freePort();
  const log = path.join(folder, "access.log");
  const config = `
admin: { address: { socket_address: { address: 127.0.0.1, port_value: ${adminPort} } } }
static_resources:
  listeners:
    - name: main
      address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
      access_log:
        - name: file
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
            path: ${log}
            log_format: { text_format_source: { inline_string: "%FILTER_STATE(wasm.first_line:PLAIN)%\\n" } }
${example("listener-filters/wasm", 6)}
      filter_chains:
        -
${example("network-filters/wasm", 10)}
  clusters:
    - name: lines
      type: STATIC
      load_assignment: { cluster_name: lines, endpoints: [{ lb_endpoints: [{ endpoint: ${endpoint} }] }] }
`.replaceAll(/filename: (\S+\.wasm)/g, (_, file: string) => `filename: ${folder}/${file}`);
  const args = ["--concurrency", "1"];
  await startSluice(t, { config, folder, args });
  const listener = (await listenerPorts(adminPort)).get("main")!;
  const client = net.connect({ port: listener, host: "127.0.0.1", noDelay: true });
  await once(client, "connect");
  client.write("who: me\nhel");
  client.write("lo\n");
  assert.equal(await readBytes(client, 6), "HELLO\n");
  client.destroy();
  assert.deepEqual(await logLines(log, 1), ["who: me"]);
  const stats = await statsBelow(adminPort, "wasmcustom.");
  assert.equal(stats.get("l4.connections"), 1);
});

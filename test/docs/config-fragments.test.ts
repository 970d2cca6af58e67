import assert from "node:assert/strict";
import { copyFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { run, sluiceBin } from "../support/command.ts";
import { readYaml } from "../support/config-load.ts";
import { WholeConfig } from "../support/docs/config-fragments.ts";
import { type Block, blocksOf, pages, root } from "../support/docs/markdown.ts";
import { scratchFolder } from "../support/sluice-process.ts";
import { tlsFile } from "../support/tls.ts";
import { guest } from "../support/wasm-guest.ts";

/** Parts that are read as a message of their own, by their first key; others belong to what their page is about. */
const messages: Readonly<Record<string, string>> = {
  code: "envoy.extensions.wasm.v3.VmConfig",
  tls_certificate_sds_secret_configs: "envoy.extensions.transport_sockets.tls.v3.CommonTlsContext",
  version_info: "envoy.service.discovery.v3.DiscoveryResponse",
};

/** Suites and files of filters are run by the tests of their pages. */
const isConfig = ({ language, marks, text }: Block): boolean => {
  if (language !== "yaml" || marks.size > 0) return false;
  return !/^(cases|network_filters|clock):/m.test(text);
};
const blocks = pages().flatMap(blocksOf).filter(isConfig);

/** What is read of a key or certificate of the reader's, by its field. */
const keyFiles: Readonly<Record<string, string>> = {
  certificate_chain: "server-cert.pem",
  private_key: "server-key.pem",
  trusted_ca: "ca-cert.pem",
  crl: "client-revoked.crl",
};

function withOwnKeys(field: string, value: unknown): unknown {
  const file = keyFiles[field];
  const isFile = typeof value === "object" && value !== null && "filename" in value;
  return isFile && file !== undefined ? { filename: tlsFile(file) } : value;
}

/** The message of the first configuration that the page shows. */
function subjectOf(page: string): string | undefined {
  const [first] = blocks.filter((block) => block.page === page);
  return /"@type": type\.googleapis\.com\/([\w.]+)/.exec(first!.text)?.[1];
}

test("every configuration that a page shows is one that the proxy takes", async (t) => {
  const folder = scratchFolder(t);
  const whole = new WholeConfig();
  const others = blocks.filter((block) => !whole.add(block));
  for (const { page, line, text } of others) {
    const [key] = Object.keys(parse(text) as object);
    const message = messages[key!] ?? subjectOf(page);
    assert.ok(message !== undefined, `${page}:${line}: where does ${key} belong?`);
    assert.deepEqual(readYaml(message, text).problems, [], `${page}:${line}`);
  }
  const module = await guest("");
  let config = JSON.stringify(whole.config, withOwnKeys, 1);
  // Where pages have files of their readers.
  copyFileSync(
    path.join(root, "test/golden/grpc/library.binpb"),
    path.join(folder, "library.binpb"),
  );
  const files = {
    "library.Library": "golden.Library",
    "/var/log/sluice/": `${folder}/`,
    "sample-filters/hello/build/": "",
  };
  for (const [from, to] of Object.entries(files)) config = config.replaceAll(from, to);
  for (const [, file] of config.matchAll(/"([^"/]+\.wasm)"/g)) {
    writeFileSync(path.join(folder, file!), module);
  }
  // Resources that come by discovery.
  for (const [, file] of config.matchAll(/"path": "([^"/]+\.json)"/g)) {
    writeFileSync(path.join(folder, file!), "{}");
  }
  writeFileSync(path.join(folder, "docs.json"), config);
  const node = ["--service-node", "reader", "--service-cluster", "readers"];
  const args = [sluiceBin, "-c", "docs.json", "--mode", "validate", ...node];
  const { code, stderr } = await run(process.execPath, args, { cwd: folder });
  const lines = config.split("\n");
  const named = stderr.replaceAll(/docs\.json:(\d+):/g, (place, line: string) => {
    const listener = lines.slice(0, Number(line)).findLast((text) => text.includes(".md:"));
    return `${listener ?? ""} ${place}`;
  });
  assert.equal(code, 0, named);
});

test("configurations are found in the pages", () => {
  assert.ok(blocks.length > 25, String(blocks.length));
});

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { cpSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { runCommand } from "../support/sample-commands.ts";
import { startSample, tryReadme } from "../support/sample-run.ts";
import { scratchFolder } from "../support/sluice-process.ts";

const deployments = path.resolve(import.meta.dirname, "../../sample-filters/deployments");

for (const name of ["sidecar", "front-proxy", "double-proxy"]) {
  test(`${name} does what its README shows`, (context) =>
    tryReadme(context, `deployments/${name}`));
}

test("the inner proxy of two lets nobody in without a certificate", async (context) => {
  const { ports } = await startSample(context, "deployments/double-proxy");
  await assert.rejects(runCommand("curl -k -i https://127.0.0.1:9443/basket", ports), /alert/);
});

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

test("certificates.sh makes certificates that fit", { skip: !hasOpenssl }, (context) => {
  const folder = scratchFolder(context);
  const script = path.join(folder, "certificates.sh");
  cpSync(path.join(deployments, "certificates.sh"), script);
  execFileSync("sh", [script]);
  const read = (name: string): X509Certificate =>
    new X509Certificate(readFileSync(path.join(folder, "certificates", `${name}-cert.pem`)));
  const ca = read("ca");
  const server = read("server");
  assert.ok(server.verify(ca.publicKey) && read("client").verify(ca.publicKey));
  assert.ok(server.checkHost("server.test") && server.checkIP("127.0.0.1"));
});

import assert from "node:assert/strict";
import path from "node:path";
import { after, test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { adminAt, statsBelow } from "../support/admin-stats.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/ports.ts";
import { bootstrap, moveInto } from "../support/proxy-config.ts";
import { mountedFiles, movedFiles, moveMaterial } from "../support/rotated-files.ts";
import { secretType } from "../support/discovery-server.ts";
import {
  certificateFrom,
  certificateSecret,
  ticketKeysSecret,
  tlsListener,
} from "../support/secrets.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import { certificate, connectTls, tlsFile } from "../support/tls.ts";

// Secrets and certificates from files that change, in the command itself with two workers.

const folder = scratchFolder({ after });

/** A file with secrets. */
const secretFile = (name: string): string => path.join(folder, `${name}.json`);
function writeSecrets(file: string, version: string, secrets: readonly JsonObject[]): void {
  const resources = secrets.map((secret) => ({ "@type": secretType, ...secret }));
  moveInto(secretFile(file), { version_info: version, resources });
}
const fileSource = (name: string): JsonObject => ({
  path_config_source: { path: secretFile(name) },
});

const pushed = secretFile("pushed");
writeSecrets("pushed", "1", [{ name: "pushed", ...certificateSecret("server") }]);
const moved = movedFiles(folder, "moved", "server");
writeSecrets("moved", "1", [{ name: "moved", tls_certificate: moved.certificate() }]);
const mounted = mountedFiles(folder, "mounted", "server");
const watched = (directory: string): JsonObject => ({ watched_directory: { path: directory } });
const ofMounted = mounted.certificate(watched(mounted.folder));
writeSecrets("mounted", "1", [{ name: "mounted", tls_certificate: ofMounted }]);
const written = mountedFiles(folder, "written", "server");
const unwatched = movedFiles(folder, "unwatched", "server");
const fixed = mountedFiles(folder, "fixed", "server");
writeSecrets("empty", "1", [{ name: "another", ...certificateSecret("server") }]);

const contexts: { readonly [name: string]: JsonObject } = {
  pushed: certificateFrom("pushed", fileSource("pushed")),
  moved: certificateFrom("moved", fileSource("moved")),
  mounted: certificateFrom("mounted", fileSource("mounted")),
  written: { tls_certificates: [written.certificate(watched(written.folder))] },
  unwatched: { tls_certificates: [unwatched.certificate()] },
  static: certificateFrom("static"),
  fixed: certificateFrom("fixed"),
  empty: certificateFrom("empty", fileSource("empty")),
  authorities: {
    tls_certificates: [certificate("server")],
    validation_context_sds_secret_config: { name: "authorities" },
  },
};
const ports = new Map<string, number>();
for (const name of Object.keys(contexts)) ports.set(name, await freePort());
const adminPort = await freePort();
const listeners = Object.entries(contexts).map(([name, common]) =>
  tlsListener(name, ports.get(name)!, common, name === "static" ? ownTickets() : {}),
);
function ownTickets(): JsonObject {
  return { session_ticket_keys_sds_secret_config: { name: "tickets" } };
}
const secrets = [
  { name: "static", ...certificateSecret("server") },
  { name: "fixed", tls_certificate: fixed.certificate(watched(fixed.folder)) },
  { name: "tickets", ...ticketKeysSecret(7) },
  {
    name: "authorities",
    validation_context: { trusted_ca: { filename: tlsFile("ca-cert.pem") } },
  },
];
const config = bootstrap(listeners, [], adminAt(adminPort));
Object.assign(config["static_resources"] as JsonObject, { secrets });
const sluice = await startSluice({ after }, { config, args: ["--concurrency", "2"] });

/** Whose certificate a new connection gets, or why there is none. */
async function presented(name: string): Promise<string> {
  try {
    const socket = await connectTls(ports.get(name)!, { checkServerIdentity: () => undefined });
    const subject = String(socket.getPeerCertificate().subject.CN);
    socket.destroy();
    return subject;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

/** Both workers answer with this certificate from now on. */
async function presents(name: string, certificate: string): Promise<void> {
  await eventually(
    async () => (await presented(name)) === certificate,
    `${name} presents ${certificate}`,
  );
  for (let i = 0; i < 8; i += 1) assert.equal(await presented(name), certificate);
}

const sdsStat = async (secret: string, stat: string): Promise<number> =>
  (await statsBelow(adminPort, `sds.${secret}.`)).get(stat)!;

test("every source is there before the ports open", async () => {
  for (const name of Object.keys(contexts)) {
    assert.equal(await presented(name), name === "empty" ? "ECONNRESET" : "server", name);
  }
  const text = "Unexpected SDS secret (expecting empty): another";
  assert.ok(sluice.stderr.includes(text), sluice.stderr);
  assert.equal(await sdsStat("empty", "update_rejected"), 1);
});

test("a secret's file that is moved into place brings the new version", async () => {
  writeSecrets("pushed", "2", [{ name: "pushed", ...certificateSecret("wildcard") }]);
  await presents("pushed", "wildcard");
  assert.equal(await sdsStat("pushed", "update_success"), 2);
  const url = `http://127.0.0.1:${adminPort}/config_dump?resource=dynamic_active_secrets`;
  const dump = JSON.parse(await (await fetch(url)).text());
  const entry = dump.configs.find((secret: JsonObject) => secret["name"] === "pushed");
  assert.equal(entry.version_info, "2");
});

test("a file that cannot be used leaves the secret as it is", async () => {
  const rejected = (): Promise<number> => sdsStat("pushed", "update_rejected");
  const good = certificateSecret("server");
  writeSecrets("pushed", "3", [{ name: "pushed", tls_certificate: {} }]);
  await eventually(async () => (await rejected()) === 1, "no certificate is refused");
  writeSecrets("pushed", "4", [
    { name: "pushed", ...good },
    { name: "other", ...good },
  ]);
  await eventually(async () => (await rejected()) === 2, "two secrets are refused");
  moveInto(pushed, "{");
  await eventually(async () => (await sdsStat("pushed", "update_failure")) === 1, "no JSON");
  assert.equal(await presented("pushed"), "wildcard");
  writeSecrets("pushed", "5", [{ name: "pushed", ...good }]);
  await presents("pushed", "server");
});

test("files that a secret names are read again when they are moved into place", async () => {
  moved.rotate("wildcard");
  await presents("moved", "wildcard");
  assert.equal(await sdsStat("moved", "update_success"), 1);
});

test("a certificate without its key is not used until the key follows", async () => {
  const before = await sdsStat("moved", "key_rotation_failed");
  moveMaterial("client-cert.pem", path.join(moved.folder, "tls.crt"));
  await eventually(
    async () => (await sdsStat("moved", "key_rotation_failed")) > before,
    "the failure is counted",
  );
  await sluice.untilLogged(/Failed to reload certificates: secret 'moved': .* is not the key of/);
  assert.equal(await presented("moved"), "wildcard");
  moveMaterial("client-key.pem", path.join(moved.folder, "tls.key"));
  await presents("moved", "client");
});

test("a watched directory is followed as Kubernetes changes it", async () => {
  mounted.rotate("wildcard");
  await presents("mounted", "wildcard");
  mounted.rotate("server");
  await presents("mounted", "server");
  assert.equal(await sdsStat("mounted", "key_rotation_failed"), 0);
});

test("watched_directory works for certificates and static secrets in the bootstrap, too", async () => {
  for (const [name, files] of [
    ["written", written],
    ["fixed", fixed],
  ] as const) {
    files.rotate("wildcard");
    await presents(name, "wildcard");
  }
});

test("files of the bootstrap without a watched directory are read once, as by Envoy", async () => {
  unwatched.rotate("wildcard");
  // By then the change of a watched one is long known.
  moved.rotate("server");
  await presents("moved", "server");
  assert.equal(await presented("unwatched"), "server");
});

test("connections that are there outlive the change of their certificate", async () => {
  const socket = await connectTls(ports.get("moved")!, { checkServerIdentity: () => undefined });
  moved.rotate("wildcard");
  await presents("moved", "wildcard");
  const answer = new Promise<string>((resolve) =>
    socket.once("data", (data) => resolve(String(data))),
  );
  socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  assert.match(await answer, /^HTTP\/1\.1 200 /);
  socket.destroy();
});

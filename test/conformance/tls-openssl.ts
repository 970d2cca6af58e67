// Asks a running proxy with `openssl s_client` and `curl`, as people do who look after servers: versions, ciphers, names,
// client certificates, resumption across workers, HTTP/2. Needs both on PATH, and says so when they are not there:
//   node -C sluice-source test/conformance/tls-openssl.ts
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import path from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import { freePort } from "../support/ports.ts";
import { bootstrap, httpListener } from "../support/proxy-config.ts";
import { scratchFolder, startSluice } from "../support/sluice-process.ts";
import { certificate, downstreamTls, tlsFile } from "../support/tls.ts";

const cleanups: (() => void | Promise<void>)[] = [];
const cleanup = { after: (callback: () => void | Promise<void>) => void cleanups.push(callback) };
const folder = scratchFolder(cleanup);
let failures = 0;

function check(what: string, holds: boolean, seen: string): void {
  if (!holds) failures += 1;
  console.log(`${holds ? "ok  " : "FAIL"} ${what}${holds ? "" : `\n${seen}`}`);
}

function run(command: string, args: readonly string[], input = ""): string {
  const { stdout, stderr } = spawnSync(command, args, { input, timeout: 30_000 });
  return `${String(stdout)}${String(stderr)}`;
}

for (const tool of ["openssl", "curl"]) {
  if (spawnSync(tool, ["version"]).error === undefined) continue;
  console.log(`${tool} is not on PATH: nothing was checked`);
  process.exit(0);
}

const ca = { validation_context: { trusted_ca: { filename: tlsFile("ca-cert.pem") } } };
const server = { tls_certificates: [certificate("server")] };
const versions = (min: string, max: string): JsonObject => ({
  tls_params: { tls_minimum_protocol_version: min, tls_maximum_protocol_version: max },
});
const contexts: { readonly [name: string]: JsonObject } = {
  usual: downstreamTls({ ...server, alpn_protocols: ["h2", "http/1.1"] }),
  old: downstreamTls({ ...server, ...versions("TLSv1_2", "TLSv1_2") }),
  modern: downstreamTls({ ...server, ...versions("TLSv1_3", "TLSv1_3") }),
  names: downstreamTls({ tls_certificates: [certificate("server"), certificate("wildcard")] }),
  mutual: downstreamTls({ ...server, ...ca }, { require_client_certificate: true }),
};
const ports = new Map<string, number>();
for (const name of Object.keys(contexts)) ports.set(name, await freePort());
const listeners = Object.entries(contexts).map(([name, transportSocket]) => {
  const listener = httpListener({
    name,
    port: ports.get(name)!,
    routes: [
      {
        match: { prefix: "/" },
        direct_response: { status: 200, body: { inline_string: "served" } },
      },
    ],
  });
  (listener["filter_chains"] as JsonObject[])[0]!["transport_socket"] = transportSocket;
  return listener;
});
await startSluice(cleanup, { config: bootstrap(listeners), args: ["--concurrency", "2"] });

const client = (name: string, ...args: string[]): string =>
  run("openssl", ["s_client", "-connect", `127.0.0.1:${ports.get(name)}`, ...args]);
const trusting = ["-CAfile", tlsFile("ca-cert.pem")];
const identity = (name: string): string[] => [
  "-cert",
  tlsFile(`${name}-cert.pem`),
  "-key",
  tlsFile(`${name}-key.pem`),
];
const failed = /Cipher is \(NONE\)|alert|handshake failure/;

// Versions.
for (const [name, option, accepted] of [
  ["usual", "-tls1_2", true],
  ["usual", "-tls1_3", true],
  ["usual", "-tls1_1", false],
  ["old", "-tls1_2", true],
  ["old", "-tls1_3", false],
  ["modern", "-tls1_3", true],
  ["modern", "-tls1_2", false],
] as const) {
  const seen = client(name, option);
  const outcome = accepted ? "accepted" : "refused";
  check(`${option.slice(1)} is ${outcome} by ${name}`, failed.test(seen) !== accepted, seen);
}

// Ciphers of TLS 1.2: those of the default are accepted, the weak refused.
for (const [cipher, accepted] of [
  ["ECDHE-ECDSA-AES128-GCM-SHA256", true],
  ["ECDHE-ECDSA-CHACHA20-POLY1305", true],
  ["ECDHE-ECDSA-AES256-GCM-SHA384", true],
  ["ECDHE-ECDSA-AES128-SHA", false],
  ["ECDHE-ECDSA-NULL-SHA", false],
  ["AES128-SHA", false],
] as const) {
  const seen = client("usual", "-tls1_2", "-cipher", `${cipher}:@SECLEVEL=0`);
  const got = seen.includes(`Cipher is ${cipher}`);
  check(`${cipher} is ${accepted ? "accepted" : "refused"}`, got === accepted, seen);
}
const compressed = client("usual", "-tls1_2");
check("nothing is compressed", /Compression: NONE/.test(compressed), compressed);
check(
  "renegotiation is secure",
  compressed.includes("Secure Renegotiation IS supported"),
  compressed,
);

// Names.
for (const [asked, got] of [
  ["server.test", "server"],
  ["a.wild.test", "wildcard"],
  ["b.a.wild.test", "server"],
  ["unknown.test", "server"],
] as const) {
  const seen = client("names", "-servername", asked);
  check(
    `${asked} is shown the certificate of ${got}`,
    new RegExp(`subject=.*CN ?= ?${got}\\b`).test(seen),
    seen,
  );
}
const verified = client("usual", ...trusting, "-verify_hostname", "server.test");
check("the certificate verifies", verified.includes("Verify return code: 0 (ok)"), verified);

// Protocols.
for (const [offered, chosen] of [
  ["h2,http/1.1", "ALPN protocol: h2"],
  ["http/1.1", "ALPN protocol: http/1.1"],
] as const) {
  const seen = client("usual", "-alpn", offered);
  check(`of ${offered} it is ${chosen.slice(15)}`, seen.includes(chosen), seen);
}

// Client certificates.
const request = "GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
const serves = (...args: string[]): string =>
  run(
    "openssl",
    ["s_client", "-connect", `127.0.0.1:${ports.get("mutual")}`, "-ign_eof", ...args],
    request,
  );
for (const [name, accepted] of [
  ["client", true],
  ["stranger", false],
  ["expired", false],
] as const) {
  const seen = serves(...identity(name));
  check(
    `the certificate of ${name} is ${accepted ? "accepted" : "refused"}`,
    seen.includes("served") === accepted,
    seen,
  );
}
const without = serves();
check("without a certificate nobody is served", !without.includes("served"), without);
check("the authority is named", /CN ?= ?ca\b/.test(without), without);

// Resumption: many connections, so that both workers have some.
for (const version of ["-tls1_2", "-tls1_3"]) {
  const file = path.join(folder, `session${version}`);
  run(
    "openssl",
    [
      "s_client",
      "-connect",
      `127.0.0.1:${ports.get("usual")}`,
      version,
      "-ign_eof",
      "-sess_out",
      file,
    ],
    request,
  );
  let resumed = 0;
  for (let i = 0; i < 8; i += 1) {
    if (/^Reused, /m.test(client("usual", version, "-sess_in", file))) resumed += 1;
  }
  check(
    `sessions of ${version.slice(1)} are resumed on every worker`,
    resumed === 8,
    `${resumed} of 8`,
  );
  rmSync(file, { force: true });
}

// curl.
const url = `https://server.test:${ports.get("usual")}/`;
const curl = (...args: string[]): string =>
  run("curl", [
    "-sS",
    "--resolve",
    `server.test:${ports.get("usual")}:127.0.0.1`,
    "--cacert",
    tlsFile("ca-cert.pem"),
    "-w",
    " %{http_version} %{ssl_verify_result}",
    ...args,
    url,
  ]);
for (const [option, expected] of [
  ["--http2", "served 2 0"],
  ["--http1.1", "served 1.1 0"],
] as const) {
  const seen = curl(option);
  check(`curl ${option} is served`, seen === expected, seen);
}

for (const callback of cleanups.reverse()) await callback();
console.log(failures === 0 ? "all hold" : `${failures} do not hold`);
process.exit(failures === 0 ? 0 : 1);

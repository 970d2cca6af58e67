import assert from "node:assert/strict";
import { once } from "node:events";
import path from "node:path";
import { after, test } from "node:test";
import type tls from "node:tls";
import type { JsonObject } from "@bufbuild/protobuf";
import { adminAt, statsBelow } from "../support/admin-stats.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/ports.ts";
import { bootstrap, logLines, typeUrl } from "../support/proxy-config.ts";
import { DiscoveryServer, secretType, type ReceivedRequest } from "../support/discovery-server.ts";
import {
  certificateFrom,
  certificateSecret,
  grpcSource,
  sdsCluster,
  ticketKeysSecret,
  tlsListener,
} from "../support/secrets.ts";
import { scratchFolder, SluiceProcess } from "../support/sluice-process.ts";
import { clientIdentity, connectTls, tlsFile, tlsText } from "../support/tls.ts";

// Secrets that a control plane sends, in the command itself with two workers.

const sds = await DiscoveryServer.start();
after(() => sds[Symbol.asyncDispose]());
const port = await freePort();
const secondPort = await freePort();
const clientPort = await freePort();
const latePort = await freePort();
const adminPort = await freePort();

const trustedClients: JsonObject = {
  combined_validation_context: {
    default_validation_context: {
      match_typed_subject_alt_names: [
        { san_type: "URI", matcher: { exact: "spiffe://test/client" } },
      ],
    },
    validation_context_sds_secret_config: { name: "ca", sds_config: grpcSource() },
  },
};
const closedLog = path.join(scratchFolder({ after }), "closed");
const late = tlsListener(
  "late",
  latePort,
  certificateFrom("late", grpcSource({ initial_fetch_timeout: "0.2s" })),
);
const reasonOnly = {
  text_format_source: { inline_string: "%DOWNSTREAM_TRANSPORT_FAILURE_REASON%\n" },
};
late["access_log"] = [
  {
    name: "file",
    typed_config: { "@type": typeUrl("fileLog"), path: closedLog, log_format: reasonOnly },
  },
];
const config = bootstrap(
  [
    tlsListener("first", port, certificateFrom("server", grpcSource())),
    tlsListener("second", secondPort, certificateFrom("server", grpcSource()), {
      session_ticket_keys_sds_secret_config: { name: "tickets", sds_config: grpcSource() },
    }),
    tlsListener(
      "clients",
      clientPort,
      { ...certificateFrom("server", grpcSource()), ...trustedClients },
      { require_client_certificate: true },
    ),
    late,
  ],
  [sdsCluster(sds.port)],
  adminAt(adminPort),
);
const sluice = new SluiceProcess({ after }, { config, args: ["--concurrency", "2"] });

const ca = (): JsonObject => ({
  validation_context: { trusted_ca: { inline_string: tlsText("ca-cert.pem") } },
});

async function admin(path: string): Promise<string> {
  return (await fetch(`http://127.0.0.1:${adminPort}${path}`)).text();
}

/** Whose certificate a new connection gets, or why there is none. */
async function presented(at: number, options: tls.ConnectionOptions = {}): Promise<string> {
  const any = { checkServerIdentity: () => undefined, ...options };
  try {
    const socket = await connectTls(at, any);
    const name = String(socket.getPeerCertificate().subject.CN);
    socket.destroy();
    return name;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

/** Resolves when the server got an answer to its last response to a secret, and gives that. */
async function answered(name: string, count: number): Promise<ReceivedRequest> {
  const answers = (): ReceivedRequest[] =>
    sds.requests.filter(
      (request) =>
        (request["resource_names"] as string[]).includes(name) &&
        request["response_nonce"] !== undefined,
    );
  await eventually(() => answers().length >= count, `answer ${count} about ${name}`);
  return answers()[count - 1]!;
}

/** Answers about a secret so far. */
const answers = (name: string): number =>
  sds.requests.filter(
    (request) =>
      (request["resource_names"] as string[]).includes(name) &&
      request["response_nonce"] !== undefined,
  ).length;

/** Sends a version and gives what the client answers. */
async function push(name: string, secret: JsonObject): Promise<ReceivedRequest> {
  const before = answers(name);
  sds.set(name, secret);
  return answered(name, before + 1);
}

test("listeners wait for their secrets, and say on one stream for each what they want", async () => {
  const names = ["ca", "late", "server", "tickets"];
  await eventually(() => sds.requests.length >= names.length, "a request for each secret");
  assert.equal(await admin("/ready"), "INITIALIZING\n");
  assert.equal(await presented(port), "ECONNREFUSED");
  const first = [...sds.requests].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  assert.deepEqual(first.map(nameOf), names);
  assert.equal(new Set(first.map(({ stream }) => stream)).size, names.length);
  for (const request of first) {
    assert.equal(request["version_info"], undefined);
    assert.equal(request["response_nonce"], undefined);
    assert.equal((request["node"] as JsonObject)["id"], "test-node");
  }
  const warming = JSON.parse(await admin("/config_dump?resource=dynamic_warming_secrets"));
  const shown = warming.configs.map((secret: JsonObject) => secret["name"]);
  assert.deepEqual(shown, names);

  sds.set("server", certificateSecret("server"));
  sds.set("ca", ca());
  sds.set("tickets", ticketKeysSecret(1));
  await sluice.ready();
  const accepted = await answered("server", 1);
  assert.equal(accepted["version_info"], "1");
  assert.equal(accepted["response_nonce"], "nonce-1");
  assert.equal(accepted["error_detail"], undefined);
  assert.equal(await presented(port), "server");
  assert.equal(await presented(secondPort), "server");
});

const nameOf = (request: ReceivedRequest): string => (request["resource_names"] as string[])[0]!;

test("a listener whose secret came too late closes connections until it is there", async () => {
  assert.equal(await presented(latePort), "ECONNRESET");
  const factory = "listener.late.server_ssl_socket_factory.";
  await eventually(
    async () =>
      (await statsBelow(adminPort, factory)).get("downstream_context_secrets_not_ready") === 1,
    "the closed connection is counted",
  );
  assert.deepEqual(await logLines(closedLog, 1), ["TLS_error:_Secret_is_not_supplied_by_SDS"]);
  assert.equal((await statsBelow(adminPort, "sds.late.")).get("init_fetch_timeout"), 1);
  await push("late", certificateSecret("server"));
  assert.equal(await presented(latePort), "server");
});

interface BadSecret {
  readonly what: string;
  readonly name: string;
  readonly secret: JsonObject;
  readonly error: RegExp;
}
const key = (name: string): JsonObject => ({ inline_string: tlsText(`${name}-key.pem`) });
const chain = (name: string): JsonObject => ({ inline_string: tlsText(`${name}-cert.pem`) });
const bad: readonly BadSecret[] = [
  {
    what: "a key of another certificate",
    name: "server",
    secret: { tls_certificate: { certificate_chain: chain("server"), private_key: key("client") } },
    error: /private_key: Failed to load private key from <inline>: it is not the key of/,
  },
  {
    what: "a certificate that is none",
    name: "server",
    secret: {
      tls_certificate: { certificate_chain: { inline_string: "x" }, private_key: key("server") },
    },
    error: /certificate_chain: Failed to load certificate chain from <inline>/,
  },
  {
    what: "no key",
    name: "server",
    secret: { tls_certificate: { certificate_chain: chain("server") } },
    error: /private_key: a TLS certificate needs a private_key/,
  },
  {
    what: "a file that is missing",
    name: "server",
    secret: {
      tls_certificate: {
        certificate_chain: chain("server"),
        private_key: { filename: "/no/such/file" },
      },
    },
    error: /private_key: \/no\/such\/file: cannot read the file: it does not exist/,
  },
  {
    what: "a secret of another kind",
    name: "server",
    secret: ca(),
    error: /holds a validation_context; expected a tls_certificate/,
  },
  {
    what: "nothing",
    name: "server",
    secret: {},
    error: /holds nothing; expected a tls_certificate/,
  },
  {
    what: "an authority that is none",
    name: "ca",
    secret: { validation_context: { trusted_ca: { inline_string: "x" } } },
    error: /Failed to load trusted CA certificates from <inline>/,
  },
  {
    what: "a ticket key of another length",
    name: "tickets",
    secret: { session_ticket_keys: { keys: [{ inline_bytes: "AAAA" }] } },
    error: /Incorrect TLS session ticket key length\. Length 3, expected length 80\./,
  },
];

test("a secret that cannot be used is refused with the reason, and the old one stays", async (t) => {
  for (const { what, name, secret, error } of bad) {
    await t.test(what, async () => {
      const { version_info: good } = await answered(name, answers(name));
      const answer = await push(name, secret);
      const detail = answer["error_detail"] as JsonObject;
      assert.equal(detail["code"], 13);
      assert.match(JSON.stringify(detail["message"]), error);
      assert.equal(answer["version_info"], good);
      assert.equal(await presented(port), "server");
    });
  }
  const rejected = (await statsBelow(adminPort, "sds.server.")).get("update_rejected");
  assert.equal(rejected, bad.filter(({ name }) => name === "server").length);
  assert.equal((await push("server", certificateSecret("server")))["error_detail"], undefined);
  assert.equal((await push("ca", ca()))["error_detail"], undefined);
  assert.equal((await push("tickets", ticketKeysSecret(1)))["error_detail"], undefined);
});

test("a response that has nothing to say is accepted; one of another type is ignored", async () => {
  const before = answers("server");
  sds.sendRaw({ version_info: "empty", nonce: "n1", type_url: secretType });
  const accepted = await answered("server", before + 1);
  assert.equal(accepted["version_info"], "empty");
  sds.sendRaw({ version_info: "other", nonce: "n2", type_url: "type.googleapis.com/x.Y" });
  await sluice.untilLogged("Ignoring the message for type URL type.googleapis.com/x.Y");
  assert.equal(await presented(port), "server");
});

test("a combined validation context is the default with what the secret adds", async () => {
  assert.equal(await presented(clientPort, clientIdentity("client")), "server");
  // The handshake is over for the client before the server has looked at its certificate.
  const refused = await connectTls(clientPort, {
    checkServerIdentity: () => undefined,
    ...clientIdentity("server"),
  });
  refused.on("error", () => undefined);
  refused.resume();
  await once(refused, "close");
  await push("ca", {
    validation_context: { trusted_ca: { filename: tlsFile("other-ca-cert.pem") } },
  });
  const stranger = await answer(clientPort, clientIdentity("stranger"));
  assert.equal(stranger, "hello");
  assert.equal(await answer(clientPort, clientIdentity("client")), "closed");
  await push("ca", ca());
});

/** The body of an answer over a connection of its own, or `closed`. */
async function answer(at: number, options: tls.ConnectionOptions): Promise<string> {
  const socket = await connectTls(at, { checkServerIdentity: () => undefined, ...options });
  const response = await exchange(socket);
  socket.destroy();
  return response;
}

/** One request and its answer: `hello`, or `closed`. */
function exchange(socket: tls.TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const end = (outcome: string): void => {
      socket.off("data", onData).off("error", onClosed).off("close", onClosed);
      resolve(outcome);
    };
    const onClosed = (): void => end("closed");
    const onData = (data: Buffer): void => {
      text += data.toString("latin1");
      if (text.endsWith("hello")) end("hello");
    };
    socket.on("data", onData).on("error", onClosed).on("close", onClosed);
    socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  });
}

test("ticket keys are shared by the workers; the first seals, all open", async () => {
  const resume = async (session: Buffer): Promise<boolean[]> => {
    const reused: boolean[] = [];
    // Enough for both workers to have had some.
    for (let i = 0; i < 12; i += 1) {
      const socket = await connectTls(secondPort, { ...anyName, session });
      reused.push(socket.isSessionReused());
      socket.destroy();
    }
    return [...new Set(reused)];
  };
  const anyName = { checkServerIdentity: () => undefined };
  const session = async (): Promise<Buffer> => {
    const socket = await connectTls(secondPort, anyName);
    const [ticket] = (await Promise.all([once(socket, "session"), exchange(socket)]))[0];
    socket.destroy();
    return ticket as Buffer;
  };
  const first = await session();
  assert.deepEqual(await resume(first), [true]);
  await push("tickets", ticketKeysSecret(2, 1));
  assert.deepEqual(await resume(first), [true]);
  const second = await session();
  await push("tickets", ticketKeysSecret(3, 2));
  assert.deepEqual(await resume(first), [false]);
  assert.deepEqual(await resume(second), [true]);
  await push("tickets", ticketKeysSecret(2));
  assert.deepEqual(await resume(second), [true]);
});

test("a stream that ends is opened again, with the version and without the nonce", async () => {
  const before = sds.requests.length;
  const version = (await answered("server", answers("server")))["version_info"];
  sds.endStreams();
  const again = (): ReceivedRequest | undefined =>
    sds.requests.slice(before).find((request) => nameOf(request) === "server");
  await eventually(() => again() !== undefined, "a request on a new stream");
  assert.equal(again()!["version_info"], version);
  assert.equal(again()!["response_nonce"], undefined);
  assert.notEqual(again()!["node"], undefined);
  assert.equal(await presented(port), "server");
  await eventually(
    async () =>
      (await statsBelow(adminPort, "sds.server.")).get("control_plane.connected_state") === 1,
    "the stream is shown as open",
  );
  assert.ok((await statsBelow(adminPort, "sds.server.")).get("update_failure")! > 0);
});

test("certificates change 100 times under load without a failed request", async () => {
  const seen = new Set<string>();
  let done = false;
  let requests = 0;
  /** Connects anew for each request. */
  const connecting = async (): Promise<void> => {
    while (!done) {
      const socket = await connectTls(port, { checkServerIdentity: () => undefined });
      seen.add(String(socket.getPeerCertificate().subject.CN));
      assert.equal(await exchange(socket), "hello");
      socket.destroy();
      requests += 1;
    }
  };
  /** Stays, whatever changes. */
  const staying = async (): Promise<void> => {
    const socket = await connectTls(port, { checkServerIdentity: () => undefined });
    while (!done) {
      assert.equal(await exchange(socket), "hello");
      requests += 1;
      // Leaves the machine to the others for a moment.
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    socket.destroy();
  };
  const clients = Promise.all([connecting(), connecting(), staying(), staying(), staying()]);
  const rotations = (async () => {
    for (let i = 0; i < 100; i += 1) {
      const secret = certificateSecret(i % 2 === 0 ? "wildcard" : "server");
      const { error_detail: error } = await push("server", secret);
      assert.equal(error, undefined);
      const before = requests;
      await eventually(() => requests > before, "another request");
      const name = i % 2 === 0 ? "wildcard" : "server";
      if (i < 2) await eventually(() => seen.has(name), `a client that saw ${name}`);
    }
  })().finally(() => (done = true));
  await Promise.all([clients, rotations]);
  assert.deepEqual([...seen].sort(), ["server", "wildcard"]);
});

test("private keys and ticket keys are in no dump, no log and no refusal", async () => {
  const keyLines = ["server-key.pem", "client-key.pem", "wildcard-key.pem"].map(
    (file) => tlsText(file).split("\n")[1]!,
  );
  const ticketKey = Buffer.alloc(80, 1).toString("base64").slice(0, 20);
  const refusals = JSON.stringify(sds.requests);
  const shown = [await admin("/config_dump"), sluice.stderr, refusals].join("\n");
  for (const secret of [...keyLines, ticketKey]) assert.ok(!shown.includes(secret));
  const dump = JSON.parse(await admin("/config_dump?resource=dynamic_active_secrets"));
  const server = dump.configs.find((entry: JsonObject) => entry["name"] === "server");
  assert.equal(server.secret.tls_certificate.private_key.inline_string, "[redacted]");
});

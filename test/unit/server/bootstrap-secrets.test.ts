import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@bufbuild/protobuf";
import { formatProblems } from "../../../host/src/config/problem.ts";
import type { MaterialSlots } from "../../../host/src/contracts/secret.ts";
import { registry } from "../../../host/src/extensions/all.ts";
import { loadBootstrap, type LoadedBootstrap } from "../../../host/src/server/bootstrap.ts";
import { bootstrap } from "../../support/proxy-config.ts";
import {
  certificateFrom,
  certificateSecret,
  grpcSource,
  sdsCluster,
  ticketKeysSecret,
  tlsListener,
} from "../../support/secrets.ts";
import { certificate, tlsFile } from "../../support/tls.ts";

interface Tls {
  readonly common: JsonObject;
  /** More of `DownstreamTlsContext`. */
  readonly more?: JsonObject;
  readonly secrets?: readonly JsonObject[];
  /** More of the bootstrap. */
  readonly bootstrap?: JsonObject;
}

const load = ({ common, more = {}, secrets = [], bootstrap: own = {} }: Tls) => {
  const config = bootstrap([tlsListener("one", 0, common, more)], [sdsCluster(1)], own);
  Object.assign(config["static_resources"] as JsonObject, { secrets: [...secrets] });
  return loadBootstrap({ configYaml: JSON.stringify(config), registry, version: "0" });
};

function loaded(config: Tls): LoadedBootstrap {
  const result = load(config);
  if (!result.ok) assert.fail(formatProblems(result.error));
  return result.value;
}

const slotsOf = (config: Tls): MaterialSlots => loaded(config).found.tlsContexts[0]!;

const ca = { validation_context: { trusted_ca: { filename: tlsFile("ca-cert.pem") } } };
const server = { tls_certificates: [certificate("server")] };
const sds = (source: JsonObject): Tls => ({ common: certificateFrom("a", source) });
const api = (more: JsonObject): Tls => sds(grpcSource({}, more));

test("static secrets stand in the slots at once", () => {
  const { certificates, validation, ticketKeys } = slotsOf({
    common: {
      ...certificateFrom("a"),
      validation_context_sds_secret_config: { name: "a" },
    },
    more: { session_ticket_keys_sds_secret_config: { name: "a" } },
    secrets: [
      { name: "a", ...certificateSecret("server") },
      { name: "a", ...ca },
      { name: "a", ...ticketKeysSecret(1, 2) },
    ],
  });
  assert.equal(certificates[0]?.kind, "fixed");
  assert.deepEqual(certificates[0].value.names, ["server.test"]);
  assert.equal(certificates[0].value.origin.secretName, "a");
  assert.equal(validation?.kind, "fixed");
  assert.equal(ticketKeys?.kind, "fixed");
  assert.deepEqual(
    ticketKeys.value.map((key) => [key.length, key[0]]),
    [
      [80, 1],
      [80, 2],
    ],
  );
});

test("a combined context is merged with its static secret", () => {
  const names = [{ san_type: "DNS", matcher: { exact: "client.test" } }];
  const { validation } = slotsOf({
    common: {
      ...server,
      combined_validation_context: {
        default_validation_context: { match_typed_subject_alt_names: names },
        validation_context_sds_secret_config: { name: "ca" },
      },
    },
    secrets: [{ name: "ca", ...ca }],
  });
  assert.equal(validation?.kind, "fixed");
  assert.equal(validation.value.sanMatchers.length, 1);
  assert.match(validation.value.trustedCa!, /BEGIN CERTIFICATE/);
});

test("secrets of one name and source share a subscription, whatever is made of them", () => {
  const source = grpcSource({ initial_fetch_timeout: "2s" });
  const combined = (name: string): JsonObject => ({
    combined_validation_context: {
      default_validation_context: { verify_certificate_hash: [name.repeat(64)] },
      validation_context_sds_secret_config: { name: "ca", sds_config: source },
    },
  });
  const listeners = [
    tlsListener("one", 0, { ...certificateFrom("a", source), ...combined("1") }),
    tlsListener("two", 0, { ...certificateFrom("a", source), ...combined("2") }),
    tlsListener("three", 0, certificateFrom("a", grpcSource())),
  ];
  const configYaml = JSON.stringify(bootstrap(listeners, [sdsCluster(1)]));
  const result = loadBootstrap({ configYaml, registry, version: "0" });
  assert.ok(result.ok);
  const { secrets } = result.value.found;
  const of = (name: string): typeof secrets => secrets.filter((secret) => secret.name === name);
  assert.equal(of("ca").length, 2);
  assert.equal(new Set(of("ca").map(({ subscription }) => subscription)).size, 1);
  assert.equal(of("a").length, 2);
  assert.equal(new Set(of("a").map(({ subscription }) => subscription)).size, 2);
  assert.deepEqual(
    of("a").map((secret) => secret.source.initialFetchTimeoutMs),
    [2000, 15_000],
  );
});

interface Refusal {
  readonly what: string;
  readonly config: Tls;
  readonly text: RegExp;
}

const refusals: readonly Refusal[] = [
  {
    what: "a static secret that is not there",
    config: {
      common: certificateFrom("servr"),
      secrets: [{ name: "server", ...certificateSecret("server") }],
    },
    text: /secret_configs\[0\]\.name: Unknown static secret: servr; did you mean "server"\?/,
  },
  {
    what: "a static secret of another kind",
    config: { common: certificateFrom("a"), secrets: [{ name: "a", ...ca }] },
    text: /Unknown static secret: a; add it to static_resources\.secrets with tls_certificate, or/,
  },
  {
    what: "two static secrets of a name",
    config: {
      common: certificateFrom("a"),
      secrets: [
        { name: "a", ...certificateSecret("server") },
        { name: "a", ...certificateSecret("client") },
      ],
    },
    text: /secrets\[1\]\.name: there is a secret "a" of this kind already/,
  },
  {
    what: "a static secret that holds nothing",
    config: { common: server, secrets: [{ name: "a" }] },
    text: /secrets\[0\]: the secret holds nothing/,
  },
  {
    what: "a generic secret",
    config: { common: server, secrets: [{ name: "a", generic_secret: {} }] },
    text: /generic_secret.*nothing here takes generic secrets/,
  },
  {
    what: "a static certificate with another key",
    config: {
      common: certificateFrom("a"),
      secrets: [
        {
          name: "a",
          tls_certificate: {
            ...certificate("server"),
            private_key: { filename: tlsFile("client-key.pem") },
          },
        },
      ],
    },
    text: /secrets\[0\]\.tls_certificate\.private_key: .* is not the key of the certificate/,
  },
  {
    what: "written certificates beside secrets",
    config: { common: { ...server, ...certificateFrom("a", grpcSource()) } },
    text: /SDS and non-SDS TLS certificates may not be mixed/,
  },
  {
    what: "ticket keys of another length",
    config: { common: server, more: { session_ticket_keys: { keys: [{ inline_string: "x" }] } } },
    text: /keys\[0\]: Incorrect TLS session ticket key length\. Length 1, expected length 80\./,
  },
  { what: "polling", config: api({ api_type: "REST" }), text: /api_type: REST is not supported/ },
  {
    what: "the incremental protocol",
    config: api({ api_type: "DELTA_GRPC" }),
    text: /api_type: DELTA_GRPC is not supported; use GRPC/,
  },
  {
    what: "V2",
    config: api({ transport_api_version: "V2" }),
    text: /transport_api_version: V2 does not exist any more; use V3/,
  },
  {
    what: "no service",
    config: api({ grpc_services: [] }),
    text: /grpc_services: API configs must have either a gRPC service or a cluster name defined/,
  },
  {
    what: "a cluster beside the service",
    config: api({ cluster_names: ["sds"] }),
    text: /GRPC must not have a cluster name specified/,
  },
  {
    what: "two services",
    config: api({
      grpc_services: [
        { envoy_grpc: { cluster_name: "sds" } },
        { envoy_grpc: { cluster_name: "sds" } },
      ],
    }),
    text: /must have no more than 1 gRPC services specified/,
  },
  {
    what: "an unknown cluster",
    config: api({ grpc_services: [{ envoy_grpc: { cluster_name: "sd" } }] }),
    text: /unknown cluster 'sd'; did you mean 'sds'\?/,
  },
  { what: "ADS", config: sds({ ads: {} }), text: /"ads" .* is not supported/ },
  {
    what: "a file that is not there",
    config: sds({ path_config_source: { path: "/no/such/file" } }),
    text: /paths must refer to an existing path in the system: '\/no\/such\/file'/,
  },
  {
    what: "a source without a node",
    config: { ...sds(grpcSource()), bootstrap: { node: {} } },
    text: /TlsCertificateSdsApi: node 'id' and 'cluster' are required/,
  },
  {
    what: "a watched directory that is not there",
    config: {
      common: {
        tls_certificates: [
          { ...certificate("server"), watched_directory: { path: "/no/such/folder" } },
        ],
      },
    },
    text: /watched_directory\.path: there is no directory '\/no\/such\/folder' to watch/,
  },
];

for (const { what, config, text } of refusals) {
  test(`loadBootstrap() refuses ${what}`, () => {
    const result = load(config);
    assert.ok(!result.ok);
    assert.match(formatProblems(result.error), text);
  });
}

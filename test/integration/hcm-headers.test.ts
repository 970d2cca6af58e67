import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { addressWithoutPort } from "../../host/src/common/address.ts";
import { ResponseFlag, type StreamInfo } from "../../host/src/contracts/stream-info.ts";
import type { HcmConfig } from "../../host/src/http/connection-manager/config.ts";
import { deviations } from "../golden/connection-manager/deviations.ts";
import { AnsweringFilters } from "../support/answering-filter.ts";
import { defaultHcmConfig, HcmServer, TestClient } from "../support/hcm-server.ts";

// What the real Envoy made of the same requests: test/golden/connection-manager.

interface GoldenCase {
  readonly request: string;
  readonly answer: string;
  readonly log: string;
}

const golden = path.join(import.meta.dirname, "../golden/connection-manager");
const { forwarded, requestId, http1 } = defaultHcmConfig;
const loopbackAndTen = [
  { ip: "127.0.0.0", family: 4, prefixLength: 8 },
  { ip: "10.0.0.0", family: 4, prefixLength: 8 },
] as const;
const tenAndDocumentation = [
  { ip: "10.0.0.0", family: 4, prefixLength: 8 },
  { ip: "2001:db8::", family: 6, prefixLength: 32 },
] as const;
const atEdge = { ...forwarded, useRemoteAddress: true };
const escaped = (escapedSlashes: HcmConfig["path"]["escapedSlashes"], normalize = false) => ({
  path: { normalize, mergeSlashes: false, escapedSlashes },
});

/** The configurations of `scenarios.ts`, as our parser gives them. */
const configs: { readonly [scenario: string]: Partial<HcmConfig> } = {
  defaults: {},
  "remote-address": { forwarded: atEdge },
  "remote-address-two-hops": {
    forwarded: { ...atEdge, xffNumTrustedHops: 2, appendXForwardedPort: true },
  },
  "remote-address-skip-append": {
    forwarded: { ...atEdge, skipXffAppend: true },
    requestId: { ...requestId, preserveExternal: true },
  },
  "one-hop": { forwarded: { ...forwarded, xffNumTrustedHops: 1, appendXForwardedPort: true } },
  "internal-remote-address": {
    forwarded: { ...atEdge, internalAddresses: { cidrRanges: loopbackAndTen, unixSockets: false } },
  },
  "internal-forwarded": {
    forwarded: {
      ...forwarded,
      internalAddresses: { cidrRanges: tenAndDocumentation, unixSockets: false },
    },
  },
  identity: {
    addUserAgent: true,
    via: "envoyvia",
    serverName: "front",
    serverHeaderTransformation: "append_if_absent",
    requestId: { ...requestId, generate: false, alwaysSetInResponse: true },
    forwarded: {
      ...forwarded,
      clientCert: { ...forwarded.clientCert, mode: "ALWAYS_FORWARD_ONLY" },
    },
  },
  "pass-through-server": { serverHeaderTransformation: "pass_through" },
  "overwritten-scheme": { forwarded: { ...forwarded, schemeToOverwrite: "https" } },
  "overwritten-server": {},
  "plain-paths": {},
  "normalized-paths": escaped("keep", true),
  "merged-slashes": { path: { normalize: false, mergeSlashes: true, escapedSlashes: "keep" } },
  "normalized-and-merged": {
    path: { normalize: true, mergeSlashes: true, escapedSlashes: "forward" },
  },
  "escaped-slashes-rejected": escaped("reject"),
  "escaped-slashes-redirected": escaped("redirect", true),
  "escaped-slashes-unescaped": escaped("forward"),
  hosts: {},
  "hosts-without-dot": { stripTrailingHostDot: true },
  "hosts-without-any-port": { stripPort: "any" },
  "hosts-without-own-port": { stripPort: "matching" },
  http10: { http1: { ...http1, acceptHttp10: true, defaultHostForHttp10: "ten.com" } },
};

for (const [scenario, config] of Object.entries(configs)) {
  describe(`headers: ${scenario}`, () => {
    const text = readFileSync(path.join(golden, `${scenario}.json`), "utf8");
    const { cases } = JSON.parse(text) as { cases: GoldenCase[] };
    let server: HcmServer;
    before(async () => {
      server = await HcmServer.start({
        config,
        internalOnlyHeaders: ["x-only-internal"],
        filters: [{ name: "answer", instances: new AnsweringFilters() }],
      });
    });
    after(() => server[Symbol.asyncDispose]());

    for (const each of cases) {
      test(each.request.replaceAll("\r\n", " | "), async () => {
        const request = each.request.replaceAll("@PORT@", String(server.port));
        await using client = await TestClient.connect(server.port);
        const before = server.logged.length;
        client.send(request);
        const answer = await client.response(request.startsWith("HEAD"));
        const info = await server.untilLogged(before + 1);
        const reason = deviations[`${scenario}: ${each.request}`] ?? deviations[each.request];
        if (reason !== undefined) return;
        assert.deepEqual(
          comparable(answer.replaceAll(`:${server.port}`, ":@PORT@"), server.port),
          comparable(each.answer, 0),
        );
        assert.equal(logLine(info), each.log);
      });
    }
  });
}

/** What the router takes out of a request, or puts into it. */
const routerHeaders =
  /^x-envoy-(expected-rq-timeout|upstream-rq|retr|max-retries|hedge|upstream-alt-stat|ip-tags|force-trace|not-forwarded)/;

/** A response without what differs from run to run, and without what the router would add. */
function comparable(answer: string, port: number): object {
  const end = answer.indexOf("\r\n\r\n");
  const [status, ...lines] = answer
    .slice(0, end)
    .split("\r\n")
    .map((line) => stable(line, port));
  // The codec writes framing and persistence at the end, wherever they stood.
  const isFraming = (line: string): boolean =>
    /^(content-length|connection|transfer-encoding):/.test(line);
  return {
    status,
    headers: lines.filter(
      (line) => !isFraming(line) && !line.startsWith("x-envoy-upstream-service-time"),
    ),
    framing: lines.filter(isFraming).sort(),
    body: answer
      .slice(end + 4)
      .split("\r\n")
      .map((line) => stable(line, port))
      .filter((line) => line !== "" && !routerHeaders.test(line)),
  };
}

function stable(line: string, port: number): string {
  return line
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[089ab][0-9a-f]{3}-[0-9a-f]{12}/g, "@UUID@")
    .replace(/^date: \w+, \d+ \w+ 20.*/, "date: @DATE@")
    .replace(/^content-length: [1-9]\d*/, "content-length: @N@")
    .replace(`x-forwarded-port: ${port}`, "x-forwarded-port: @PORT@");
}

function logLine(info: StreamInfo): string {
  const flags = [
    [ResponseFlag.NoRouteFound, "NR"],
    [ResponseFlag.DownstreamProtocolError, "DPE"],
  ] as const;
  const shown = flags.filter(([flag]) => (info.responseFlags & flag) !== 0);
  const names = shown.map(([, name]) => name).join(",");
  const address = addressWithoutPort(info.downstreamRemoteAddress!);
  return `${info.responseCode} ${names || "-"} ${info.responseCodeDetails} ${address}`;
}

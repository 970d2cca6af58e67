import assert from "node:assert/strict";
import { test } from "node:test";
import { headerMapOf } from "../../../host/src/common/headers/header-map.ts";
import { filterStateObject } from "../../../host/src/common/filter-state-objects.ts";
import {
  configuredNames,
  namesOfState,
  requestNames,
} from "../../../host/src/upstream/request-names.ts";

const both = { header: "", sent: true, verified: true };
const none = { alpnProtocols: undefined };
const of = (authority: string, more: [string, string][] = [], header = "") =>
  requestNames({ ...both, header }, headerMapOf([[":authority", authority], ...more]));

test("requestNames() takes the authority without its port", () => {
  const names = { serverName: "a.test", subjectAltNames: ["a.test"], ...none };
  for (const authority of ["a.test", "a.test:80", "a.test:"]) {
    assert.deepEqual(of(authority), names, authority);
  }
});

test("requestNames() sends no address as a name, and verifies it all the same", () => {
  for (const [authority, address] of [
    ["127.0.0.1:80", "127.0.0.1"],
    ["[::1]:80", "::1"],
    ["[::1]", "::1"],
  ] as const) {
    assert.deepEqual(of(authority), { serverName: undefined, subjectAltNames: [address], ...none });
  }
});

test("requestNames() prefers the header, unless it is missing or empty", () => {
  assert.equal(of("a.test", [["x-sni", "b.test:1"]], "x-sni").serverName, "b.test");
  assert.equal(of("a.test", [["x-sni", ""]], "x-sni").serverName, "a.test");
  assert.equal(of("a.test", [], "x-sni").serverName, "a.test");
});

test("requestNames() gives only what is asked for", () => {
  const headers = headerMapOf([[":authority", "a.test"]]);
  assert.deepEqual(requestNames({ ...both, verified: false }, headers), {
    serverName: "a.test",
    subjectAltNames: [],
    ...none,
  });
  assert.deepEqual(requestNames({ ...both, sent: false }, headers), {
    serverName: undefined,
    subjectAltNames: ["a.test"],
    ...none,
  });
});

test("requestNames() leaves it to the configuration when nobody says a name", () => {
  assert.equal(requestNames(both, undefined), configuredNames);
  assert.equal(requestNames(both, headerMapOf([])), configuredNames);
  for (const authority of ["", ":80", "[", "[]:80"]) assert.equal(of(authority), configuredNames);
});

test("namesOfState() takes what filters have said before what the request says", () => {
  const asked = of("a.test");
  const state = new Map<string, unknown>();
  assert.equal(namesOfState(state, asked), asked);
  const set = (name: string, text: string): void =>
    void state.set(name, filterStateObject(name, text));
  set("envoy.network.upstream_server_name", "b.test");
  assert.deepEqual(namesOfState(state, asked), { ...asked, serverName: "b.test" });
  set("envoy.network.upstream_subject_alt_names", "c.test,d.test");
  set("envoy.network.application_protocols", "h2,x");
  assert.deepEqual(namesOfState(state, asked), {
    serverName: "b.test",
    subjectAltNames: ["c.test", "d.test"],
    alpnProtocols: ["h2", "x"],
  });
});

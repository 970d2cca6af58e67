import assert from "node:assert/strict";
import { test } from "node:test";
import { IpTrie } from "../../../host/src/listener/ip-trie.ts";

const ip = (text: string) => {
  const family: 4 | 6 = text.includes(":") ? 6 : 4;
  return { kind: "ip", ip: text, port: 0, family } as const;
};

test("IpTrie.find() gives the value of the longest prefix", () => {
  const trie = new IpTrie<string>();
  const put = (text: string, prefixLength: number, value: string) =>
    trie.at({ ip: text, family: text.includes(":") ? 6 : 4, prefixLength }, () => value);
  put("10.0.0.0", 8, "ten");
  put("10.128.0.0", 9, "upper half");
  put("10.128.0.1", 32, "host");
  put("2001:db8::", 32, "documentation");
  put("2001:db8::1", 128, "host 6");
  assert.equal(put("10.0.0.0", 8, "again"), "ten", "what is there stays");
  assert.equal(trie.find(ip("10.1.1.1")), "ten");
  assert.equal(trie.find(ip("10.200.1.1")), "upper half");
  assert.equal(trie.find(ip("10.128.0.1")), "host");
  assert.equal(trie.find(ip("11.0.0.1")), undefined);
  assert.equal(trie.find(ip("2001:db8::1")), "host 6");
  assert.equal(trie.find(ip("2001:db8::2")), "documentation");
  assert.equal(trie.find({ kind: "pipe", path: "/x", mode: 0 }), undefined);
  put("0.0.0.0", 0, "all");
  assert.equal(trie.find(ip("11.0.0.1")), "all");
  assert.equal(trie.find({ kind: "pipe", path: "/x", mode: 0 }), "all");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { RandomSource } from "../../../host/src/contracts/event.ts";
import { HealthFlag } from "../../../host/src/contracts/upstream/host.ts";
import { ThreadStats } from "../../../host/src/stats/thread-stats.ts";
import type { HostImpl } from "../../../host/src/upstream/host.ts";
import { healthFlagsText } from "../../../host/src/upstream/host-health.ts";
import { RoundRobinLoadBalancer } from "../../../host/src/upstream/load-balancer.ts";

const always = (value: number): RandomSource => ({ uint32: () => value, uuid: () => "" });
const host = (name: string, weight = 1, healthFlags = 0): HostImpl =>
  ({ addressText: name, weight, healthFlags }) as HostImpl;

function balancer(hosts: readonly HostImpl[], random: RandomSource = always(0)) {
  const panics = new ThreadStats(() => undefined).counter("lb_healthy_panic");
  const options = { healthyPanicThreshold: 50, overprovisioningFactor: 140 };
  const lb = new RoundRobinLoadBalancer(hosts, options, random, panics);
  const pick = (count: number): string =>
    Array.from({ length: count }, () => lb.chooseHost()?.addressText ?? "-").join("");
  return { pick, panics };
}

const failed = HealthFlag.FailedEdsHealth;
const degraded = HealthFlag.DegradedEdsHealth;
const draining = HealthFlag.EdsStatusDraining;

test("RoundRobinLoadBalancer takes hosts of equal weight in turn, from a random start", () => {
  const hosts = [host("a", 7), host("b", 7), host("c", 7)];
  assert.equal(balancer(hosts).pick(7), "abcabca");
  assert.equal(balancer(hosts, always(5)).pick(4), "cabc");
});

// Envoy 1.40 with these weights: 112102, from a random start.
test("RoundRobinLoadBalancer spreads by weight as Envoy's EDF scheduler does", () => {
  const hosts = [host("0", 1), host("1", 3), host("2", 2)];
  assert.equal(balancer(hosts).pick(6), "121021");
  assert.equal(balancer(hosts, always(2)).pick(6), "102112");
});

test("RoundRobinLoadBalancer gives each host its share of any weights", () => {
  const weights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(weights, fc.nat(100), (list, random) => {
      const hosts = list.map((weight, i) => host(String(i), weight));
      const sum = list.reduce((a, b) => a + b, 0);
      const picks = balancer(hosts, always(random)).pick(sum * 3);
      for (const [i, weight] of list.entries()) {
        const count = picks.split(String(i)).length - 1;
        assert.ok(Math.abs(count - weight * 3) <= 2, `${i}: ${count} of ${picks}`);
      }
    }),
  );
});

test("RoundRobinLoadBalancer leaves out hosts that are unhealthy or draining", () => {
  const hosts = [host("a"), host("b"), host("c", 1, failed), host("d", 1, draining)];
  const { pick, panics } = balancer(hosts);
  assert.equal(pick(4), "abab");
  assert.equal(panics.value, 0);
});

test("RoundRobinLoadBalancer uses all hosts when too few are healthy", () => {
  const { pick, panics } = balancer([host("a"), host("b", 1, failed), host("c", 1, failed)]);
  assert.equal(pick(3), "abc");
  assert.equal(panics.value, 3);
});

test("RoundRobinLoadBalancer does not panic at the threshold itself", () => {
  const { pick, panics } = balancer([host("a"), host("b", 1, failed)]);
  assert.equal(pick(2), "aa");
  assert.equal(panics.value, 0);
});

test("RoundRobinLoadBalancer shares between healthy and degraded hosts by their number", () => {
  // One healthy host of three counts for 46 %.
  const hosts = [host("a"), host("b", 1, degraded), host("c", 1, degraded)];
  assert.equal(balancer(hosts, always(45)).pick(2), "aa");
  assert.equal(balancer(hosts, always(46)).pick(2), "bc");
  // Two of two healthy ones are enough for everything.
  const enough = [host("a"), host("b"), host("c", 1, degraded)];
  assert.equal(balancer(enough, always(93)).pick(1), "c");
  assert.equal(balancer(enough, always(92)).pick(1), "a");
});

test("RoundRobinLoadBalancer gives nothing without hosts, and calls it panic", () => {
  const { pick, panics } = balancer([]);
  assert.equal(pick(2), "--");
  assert.equal(panics.value, 2);
});

test("healthFlagsText() prints the flags as /clusters does", () => {
  assert.equal(healthFlagsText(0), "healthy");
  assert.equal(healthFlagsText(failed), "/failed_eds_health");
  assert.equal(
    healthFlagsText(draining | HealthFlag.FailedActiveHc),
    "/failed_active_hc/eds_status_draining",
  );
});

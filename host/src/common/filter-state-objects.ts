import { isIPv4, isIPv6 } from "node:net";

/** What a filter state object is here; Envoy's `serializeAsString` is its text. */
export type FilterStateObject = string | number | boolean;

type ObjectFactory = (text: string) => FilterStateObject | undefined;

const text: ObjectFactory = (value) => value;

/** `absl::SimpleAtob`: what else stands for true and false. */
const truths = new Map([
  ...["true", "t", "yes", "y", "1"].map((word) => [word, true] as const),
  ...["false", "f", "no", "n", "0"].map((word) => [word, false] as const),
]);

const unsigned =
  (max: number): ObjectFactory =>
  (value) => {
    const number = /^\s*\d+\s*$/.test(value) ? Number(value) : NaN;
    return number <= max ? number : undefined;
  };

/** An address without a port, as Envoy prints it. */
const ip: ObjectFactory = (value) => {
  if (isIPv4(value)) return `${value}:0`;
  return isIPv6(value) ? `[${value}]:0` : undefined;
};

/** Envoy's factories of filter state objects (category `filter_state.object`) by name. */
const factories: { readonly [name: string]: ObjectFactory } = {
  "envoy.string": text,
  "envoy.hashable_string": text,
  "envoy.bool": (value) => truths.get(value.toLowerCase()),
  "envoy.network.ip": ip,
  "envoy.network.upstream_server_name": text,
  "envoy.network.upstream_subject_alt_names": text,
  "envoy.network.network_namespace": text,
  "envoy.ratelimit.hits_addend": unsigned(0xffff_ffff),
  "envoy.tcp_proxy.cluster": text,
  "envoy.tcp_proxy.disable_tunneling": (value) => value === "true",
  "envoy.tcp_proxy.per_connection_idle_timeout_ms": unsigned(Number.MAX_SAFE_INTEGER),
  "envoy.upstream.dynamic_host": text,
  "envoy.upstream.dynamic_port": unsigned(0xffff_ffff),
};

/** Whether there is a factory of this name. */
export function hasFilterStateFactory(name: string): boolean {
  return Object.hasOwn(factories, name);
}

/** Makes the object that the factory `name` makes of a text; undefined for a text that is none. */
export function filterStateObject(name: string, value: string): FilterStateObject | undefined {
  return hasFilterStateFactory(name) ? factories[name]!(value) : undefined;
}

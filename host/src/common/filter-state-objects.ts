import { isIPv4, isIPv6 } from "node:net";
import { canonicalIp } from "./address.ts";

/** What a filter state object is here; Envoy's `serializeAsString` is the text of a scalar. */
export type FilterStateObject = string | number | boolean | CompoundState;

/** An object that is more than one value, or that Envoy shows to nobody. */
export class CompoundState {
  /** What it was made of. */
  readonly source: string;
  /** What `serializeAsString` gives; undefined: nothing. */
  readonly text: string | undefined;
  /** What `getField` gives, by name; undefined: it has no fields. */
  readonly fields: { readonly [name: string]: string | number } | undefined;

  constructor(
    source: string,
    text?: string,
    fields?: { readonly [name: string]: string | number },
  ) {
    this.source = source;
    this.text = text;
    this.fields = fields;
  }

  field(name: string): string | number | undefined {
    return this.fields !== undefined && Object.hasOwn(this.fields, name)
      ? this.fields[name]
      : undefined;
  }
}

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

const hidden: ObjectFactory = (value) => new CompoundState(value);

/** An address with its port. */
const address: ObjectFactory = (value) => {
  const [, bracketed, plain, digits] =
    /^(?:\[([0-9a-f:.]+)\]|([0-9.]+)):(\d{1,5})$/i.exec(value) ?? [];
  const isV6 = bracketed !== undefined && isIPv6(bracketed);
  const port = Number(digits);
  if ((!isV6 && (plain === undefined || !isIPv4(plain))) || port > 0xffff) return undefined;
  const host = isV6 ? canonicalIp(bracketed)!.ip : plain!;
  return new CompoundState(value, isV6 ? `[${host}]:${port}` : `${host}:${port}`, {
    ip: host,
    port,
  });
};

/** `<host>,<address of the proxy>` */
const throughProxy: ObjectFactory = (value) => {
  const comma = value.indexOf(",");
  return comma > 0 && address(value.slice(comma + 1)) !== undefined ? hidden(value) : undefined;
};

const llmProtocols = [
  "LLM_PROTOCOL_UNSPECIFIED",
  "OPENAI_CHAT_COMPLETIONS",
  "OPENAI_RESPONSES",
  "ANTHROPIC_MESSAGES",
  "GEMINI_GENERATE_CONTENT",
];

/** Envoy's factories of filter state objects (category `filter_state.object`) by name. */
const factories: { readonly [name: string]: ObjectFactory } = {
  "envoy.ai.llm_protocol.request": (value) =>
    llmProtocols.includes(value) ? new CompoundState(value, value, {}) : undefined,
  "envoy.ai.model.request": (value) => (value === "" ? undefined : value),
  "envoy.filters.listener.original_dst.local_ip": address,
  "envoy.filters.listener.original_dst.remote_ip": address,
  "envoy.router.debug_config": hidden,
  "envoy.string": text,
  "envoy.hashable_string": text,
  "envoy.bool": (value) => truths.get(value.toLowerCase()),
  "envoy.network.application_protocols": hidden,
  "envoy.network.ip": ip,
  "envoy.network.transport_socket.http_11_proxy.info": throughProxy,
  "envoy.network.transport_socket.original_dst_address": address,
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

/** What a Wasm plugin is told to be. */
export interface PluginOptions {
  readonly name: string;
  /** Of the module. */
  readonly filename: string;
  /** Text; undefined: none. */
  readonly configuration: string | undefined;
  /** Names of host calls and callbacks that it may use; undefined: all. */
  readonly capabilities: readonly string[] | undefined;
}

/** What of it others look at. */
export interface PluginConfigJson {
  readonly name: string;
  readonly vm_config: object;
}

/** While a filter is written it traps: the next stream has a new VM at once. */
const reload = {
  failure_policy: "FAIL_RELOAD",
  reload_config: { backoff: { base_interval: "0.001s" } },
};

/** `envoy.extensions.wasm.v3.PluginConfig`. */
export function pluginConfig(options: PluginOptions): PluginConfigJson {
  const { name, filename, configuration, capabilities } = options;
  const text = { "@type": "type.googleapis.com/google.protobuf.StringValue" };
  return {
    name,
    ...reload,
    vm_config: { runtime: "envoy.wasm.runtime.v8", code: { local: { filename } } },
    ...(configuration !== undefined && { configuration: { ...text, value: configuration } }),
    ...(capabilities !== undefined && {
      capability_restriction_config: {
        allowed_capabilities: Object.fromEntries(capabilities.map((each) => [each, {}])),
      },
    }),
  };
}

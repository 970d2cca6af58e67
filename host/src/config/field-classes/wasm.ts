import type { FieldClassTable } from "./types.ts";

export const wasmFields: FieldClassTable = {
  "envoy.extensions.filters.http.wasm.v3.Wasm": { implemented: ["config"] },
  "envoy.extensions.access_loggers.wasm.v3.WasmAccessLog": { implemented: ["config"] },
  "envoy.extensions.stat_sinks.wasm.v3.Wasm": { implemented: ["config"] },
  "envoy.extensions.wasm.v3.WasmService": { implemented: ["config", "singleton"] },
  "envoy.extensions.filters.network.wasm.v3.Wasm": { implemented: ["config"] },
  "sluice.listener.wasm.v1.Wasm": { implemented: ["config"] },
  "sluice.http.wasm.v1.WasmPerRoute": { implemented: ["disabled", "configuration"] },
  "envoy.extensions.wasm.v3.PluginConfig": {
    implemented: [
      "name",
      "root_id",
      "vm_config",
      "configuration",
      "fail_open",
      "failure_policy",
      "capability_restriction_config",
      "allow_on_headers_stop_iteration",
      "reload_config",
    ],
  },
  "envoy.extensions.wasm.v3.ReloadConfig": { implemented: ["backoff"] },
  "envoy.extensions.wasm.v3.VmConfig": {
    implemented: [
      "vm_id",
      "runtime",
      "code",
      "configuration",
      "environment_variables",
      "capability_restriction_config",
    ],
    harmless: {
      allow_precompiled: "modules are always compiled here; precompiled code in them is ignored",
      nack_on_code_cache_miss: "it is about remote code, which is not supported",
    },
  },
  "envoy.extensions.wasm.v3.EnvironmentVariables": {
    implemented: ["host_env_keys", "key_values"],
  },
  "envoy.extensions.wasm.v3.CapabilityRestrictionConfig": {
    implemented: ["allowed_capabilities"],
  },
  "envoy.config.core.v3.AsyncDataSource": {
    implemented: ["local"],
    refused: { remote: "code is read from local sources only; download it and name the file" },
  },
};

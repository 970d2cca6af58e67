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
      "nack_on_code_cache_miss",
    ],
    harmless: {
      allow_precompiled: "modules are always compiled here; precompiled code in them is ignored",
    },
  },
  "envoy.extensions.wasm.v3.EnvironmentVariables": {
    implemented: ["host_env_keys", "key_values"],
  },
  "envoy.extensions.wasm.v3.CapabilityRestrictionConfig": {
    implemented: ["allowed_capabilities"],
  },
  "envoy.config.core.v3.AsyncDataSource": {
    implemented: ["local", "remote"],
  },
  "envoy.config.core.v3.RemoteDataSource": {
    implemented: ["http_uri", "sha256", "retry_policy"],
  },
  "envoy.config.core.v3.HttpUri": { implemented: ["uri", "cluster", "timeout"] },
  "envoy.config.core.v3.RetryPolicy": {
    // Of what is fetched over HTTP, `retry_on` is refused by the parser.
    implemented: ["retry_on", "retry_back_off", "num_retries"],
    refused: {
      retry_priority: "choosing hosts for retries is not supported",
      retry_host_predicate: "choosing hosts for retries is not supported",
      host_selection_retry_max_attempts: "choosing hosts for retries is not supported",
    },
  },
};

import type { FieldClassTable } from "./types.ts";

const discovery = "is not supported; list the resources in static_resources";
const controlPlane = "it is only sent to control planes, and there is none";

/** The bootstrap, admin and our own settings. */
export const bootstrapFields: FieldClassTable = {
  "envoy.config.bootstrap.v3.Bootstrap": {
    implemented: [
      "node",
      "static_resources",
      "dynamic_resources",
      "admin",
      "bootstrap_extensions",
      "stats_flush_interval",
      "stats_flush_on_admin",
      "stats_sinks",
    ],
    harmless: {
      memory_allocator_manager: "it tunes an allocator that is not used",
      grpc_async_client_manager_config: "gRPC clients are not kept between calls",
    },
    refused: {
      cluster_manager: "settings of the cluster manager are not supported",
      layered_runtime: "runtime layers are not supported; use the fields that they would override",
      overload_manager: "overload actions are not supported; use circuit breakers",
      watchdog: "the watchdog's times cannot be set",
      watchdogs: "the watchdog's times cannot be set",
      stats_config: "tags and buckets of stats cannot be set",
      tracing: "tracing is not supported",
      hds_config: "health discovery is not supported",
      application_log_config: "the format of logs cannot be set",
      default_regex_engine: "regular expressions are not supported",
      header_prefix: "is not supported; headers of our own begin with x-envoy-",
      typed_dns_resolver_config: "names are not resolved",
      dns_resolution_config: "names are not resolved",
      use_tcp_for_dns_lookups: "names are not resolved",
    },
  },
  "envoy.config.metrics.v3.StatsSink": { implemented: ["name", "typed_config"] },
  "envoy.config.bootstrap.v3.Bootstrap.StaticResources": {
    implemented: ["listeners", "clusters", "secrets"],
  },
  "envoy.config.bootstrap.v3.Bootstrap.DynamicResources": {
    implemented: [],
    refused: {
      lds_config: discovery,
      lds_resources_locator: discovery,
      cds_config: discovery,
      cds_resources_locator: discovery,
      ads_config: discovery,
    },
  },
  "envoy.config.bootstrap.v3.Admin": {
    implemented: ["address", "access_log", "access_log_path"],
    harmless: {
      profile_path: "there is no CPU profiler",
      ignore_global_conn_limit: "there is no global connection limit",
    },
    refused: {
      socket_options: "socket options are not supported",
      allow_paths: "is not supported; bind admin to an address that only you reach",
    },
  },
  "envoy.config.core.v3.Node": {
    implemented: ["id", "cluster", "metadata", "locality"],
    harmless: {
      user_agent_name: controlPlane,
      user_agent_version: controlPlane,
      user_agent_build_version: controlPlane,
      extensions: controlPlane,
      client_features: controlPlane,
      listening_addresses: controlPlane,
    },
    refused: { dynamic_parameters: controlPlane },
  },
  "sluice.guests.v1.Guests": {
    implemented: [
      "default_limits",
      "entries",
      "default_lua",
      "default_wasm",
      "max_wasm_vms_per_worker",
      "shared_memory",
      "measure_one_stream_of",
      "lua_states",
    ],
  },
  "sluice.guests.v1.Guests.Entry": { implemented: ["name", "limits", "lua", "wasm"] },
  "sluice.guests.v1.Lua": {
    implemented: ["dialect", "profile", "extensions", "modules", "count_instructions"],
  },
  "sluice.guests.v1.LuaStates": {
    implemented: ["max_states_per_worker", "max_memory_bytes_per_worker"],
  },
  "sluice.guests.v1.Limits": {
    implemented: [
      "cpu_time_per_callback",
      "cpu_time_per_configure",
      "max_memory_bytes",
      "max_module_bytes",
      "max_function_body_bytes",
      "max_functions",
      "max_cpu_share_percent",
      "cpu_share_loop_delay",
      "module",
      "inputs",
    ],
  },
  "sluice.guests.v1.Wasm": {
    implemented: [
      "clone_vms",
      "deterministic",
      "max_instructions_per_callback",
      "max_instructions_per_configure",
      "lenient_imports",
    ],
  },
  "sluice.guests.v1.SharedMemory": {
    implemented: ["max_data_bytes", "max_queue_bytes", "max_queues_bytes"],
  },
  "sluice.guests.v1.ModuleLimits": {
    implemented: [
      "max_locals",
      "max_locals_times_blocks",
      "max_nesting",
      "max_br_table_targets",
      "max_table_elements",
      "max_name_section_bytes",
      "max_types",
      "max_imports",
      "max_exports",
      "max_tables",
      "max_globals",
      "max_element_segments",
      "max_data_segments",
      "max_custom_sections",
    ],
  },
  "sluice.guests.v1.InputLimits": {
    implemented: [
      "max_header_pairs",
      "max_header_bytes",
      "max_log_line_bytes",
      "max_shared_data_value_bytes",
      "max_metrics",
      "max_http_calls",
      "min_tick_period",
      "max_foreign_bytes",
      "max_property_bytes",
      "max_call_bytes",
      "max_body_bytes",
    ],
  },
};

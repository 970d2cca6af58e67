import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonValue } from "@bufbuild/protobuf";
import type { Wasm } from "../../../../../host/src/config/gen/envoy/extensions/filters/http/wasm/v3/wasm_pb.js";
import { wasmFilter } from "../../../../../host/src/extensions/http-filters/wasm/config.ts";
import type { WasmPluginConfig } from "../../../../../host/src/guest/wasm/plugin-config.ts";
import { messageOf, recordingParseContext } from "../../../../support/config-message.ts";

const code = { local: { inline_string: "code" } };

function parse(config: JsonValue): {
  config: WasmPluginConfig;
  problems: string[];
  warnings: string[];
} {
  const context = recordingParseContext();
  const message = messageOf<Wasm>("envoy.extensions.filters.http.wasm.v3.Wasm", { config });
  const parsed = wasmFilter.parseConfig(message as never, context);
  return { config: parsed, problems: context.problems, warnings: context.warnings };
}

function settingsOf(config: JsonValue) {
  const { config: parsed, problems } = parse(config);
  assert.deepEqual(problems, []);
  assert.ok(parsed.stage === "parsed");
  return parsed.settings;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

test("parseConfig() gives the plugin as plain data", () => {
  const { config, problems } = parse({
    name: "n",
    root_id: "r",
    configuration: { "@type": "type.googleapis.com/google.protobuf.StringValue", value: "cönf" },
    allow_on_headers_stop_iteration: true,
    failure_policy: "FAIL_CLOSED",
    capability_restriction_config: { allowed_capabilities: { proxy_log: {}, fd_write: {} } },
    vm_config: {
      vm_id: "v",
      runtime: "envoy.wasm.runtime.v8",
      code,
      configuration: { "@type": "type.googleapis.com/google.protobuf.BytesValue", value: "AAE=" },
      environment_variables: { key_values: { A: "1" } },
    },
  });
  assert.deepEqual(problems, []);
  assert.ok(config.stage === "parsed");
  assert.ok(config.code instanceof Uint8Array);
  assert.equal(text(config.code), "code");
  const { settings } = config;
  assert.deepEqual(
    { ...settings, configuration: text(settings.configuration) },
    {
      name: "n",
      rootId: "r",
      configuration: "cönf",
      allowOnHeadersStopIteration: true,
      failurePolicy: "closed",
      liveStreamsGoOn: false,
      reloadBackoffMs: 1000,
      codeFile: undefined,
      vm: {
        vmId: "v",
        runtime: "envoy.wasm.runtime.v8",
        configuration: Uint8Array.of(0, 1),
        environment: [["A", "1"]],
        allowedCapabilities: ["fd_write", "proxy_log"],
      },
    },
  );
});

test("parseConfig() hands over other configuration types as they are encoded", () => {
  const settings = settingsOf({
    configuration: { "@type": "type.googleapis.com/google.protobuf.Struct", value: { a: "b" } },
    vm_config: { code },
  });
  // Struct { fields { key: "a" value { string_value: "b" } } }
  assert.equal(Buffer.from(settings.configuration).toString("hex"), "0a080a016112031a0162");
});

test("parseConfig() takes an empty runtime for V8 and an empty capability map for all", () => {
  const settings = settingsOf({ vm_config: { code }, capability_restriction_config: {} });
  assert.equal(settings.vm.runtime, "envoy.wasm.runtime.v8");
  assert.equal(settings.vm.allowedCapabilities, undefined);
  assert.equal(settings.configuration.length, 0);
});

test("parseConfig() reads the environment variables that the host has", () => {
  process.env["SLUICE_TEST_VARIABLE"] = "here";
  const settings = settingsOf({
    vm_config: {
      code,
      environment_variables: {
        host_env_keys: ["SLUICE_TEST_VARIABLE", "SLUICE_TEST_NOTHING"],
        key_values: { B: "2" },
      },
    },
  });
  assert.deepEqual(settings.vm.environment, [
    ["B", "2"],
    ["SLUICE_TEST_VARIABLE", "here"],
  ]);
});

test("parseConfig() refuses by name what is not supported", () => {
  const { problems } = parse({
    name: "p",
    failure_policy: "FAIL_OPEN",
    fail_open: true,
    vm_config: {
      runtime: "envoy.wasm.runtime.null",
      environment_variables: { host_env_keys: ["A"], key_values: { A: "1" } },
    },
  });
  assert.deepEqual(problems, [
    "fail_open: only one of fail_open or failure_policy can be set",
    'runtime: "envoy.wasm.runtime.null" is not supported; use "envoy.wasm.runtime.v8", which runs the same modules',
    "host_env_keys: Key A is duplicated in envoy.extensions.wasm.v3.VmConfig.environment_variables for p. All the keys must be unique.",
    "code: is missing: the module is not named",
  ]);
  assert.deepEqual(parse({}).problems, ["vm_config: is missing: it names the code"]);
});

test("parseConfig() warns of what has no effect", () => {
  const warnings = (config: object): string[] => {
    const parsed = parse({ vm_config: { code }, ...config });
    assert.deepEqual(parsed.problems, []);
    return parsed.warnings;
  };
  const backoff = { base_interval: "1s" };
  assert.deepEqual(warnings({ reload_config: { backoff } }), [
    "reload_config: has no effect without failure_policy FAIL_RELOAD",
  ]);
  const growing = { ...backoff, max_interval: "5s" };
  assert.deepEqual(
    warnings({ failure_policy: "FAIL_RELOAD", reload_config: { backoff: growing } }),
    ["max_interval: has no effect: the time between two VMs does not grow"],
  );
  assert.deepEqual(warnings({ vm_config: { code, nack_on_code_cache_miss: true } }), [
    "nack_on_code_cache_miss: has no effect: the code is not fetched",
  ]);
  const restricted = { capability_restriction_config: { allowed_capabilities: { fd_write: {} } } };
  assert.deepEqual(warnings({ vm_config: { code, ...restricted }, ...restricted }), [
    "capability_restriction_config: has no effect: vm_config has one, which counts",
  ]);
});

test("parseConfig() reads what a failure is answered with", () => {
  const failure = (config: object): unknown[] => {
    const { failurePolicy, liveStreamsGoOn, reloadBackoffMs } = settingsOf({
      vm_config: { code },
      ...config,
    });
    return [failurePolicy, liveStreamsGoOn, reloadBackoffMs];
  };
  assert.deepEqual(failure({}), ["closed", false, 1000]);
  assert.deepEqual(failure({ failure_policy: "FAIL_CLOSED" }), ["closed", false, 1000]);
  assert.deepEqual(failure({ failure_policy: "FAIL_OPEN" }), ["open", false, 1000]);
  assert.deepEqual(failure({ fail_open: true }), ["open", true, 1000]);
  assert.deepEqual(
    failure({
      failure_policy: "FAIL_RELOAD",
      reload_config: { backoff: { base_interval: "0.250s" } },
    }),
    ["reload", false, 250],
  );
});

test("parseRouteConfig() reads what a route changes", () => {
  const parseRoute = (json: JsonValue): unknown => {
    const message = messageOf("sluice.http.wasm.v1.WasmPerRoute", json);
    return wasmFilter.parseRouteConfig!(message as never, recordingParseContext());
  };
  assert.deepEqual(parseRoute({ disabled: true }), { disabled: true });
  const value = "for this route";
  const configuration = { "@type": "type.googleapis.com/google.protobuf.StringValue", value };
  assert.deepEqual(parseRoute({ configuration }), {
    disabled: false,
    configuration: new TextEncoder().encode(value),
  });
});

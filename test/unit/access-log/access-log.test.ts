import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import type { JsonValue } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { accessLogFilesOf } from "../../../host/src/access-log/access-log-files.ts";
import { type AccessLogConfig, parseAccessLog } from "../../../host/src/access-log/config.ts";
import { createAccessLog } from "../../../host/src/access-log/create-access-log.ts";
import { createRegistry } from "../../../host/src/common/extension-registry.ts";
import { headerMapOf } from "../../../host/src/common/headers/header-map.ts";
import { StreamInfoImpl } from "../../../host/src/common/stream-info.ts";
import { messageNameOfTypeUrl } from "../../../host/src/common/type-url.ts";
import type { AccessLog as AccessLogMessage } from "../../../host/src/config/gen/envoy/config/accesslog/v3/accesslog_pb.ts";
import { schema } from "../../../host/src/config/schema.ts";
import type { AccessLogType } from "../../../host/src/contracts/access-log.ts";
import type { ExtensionConfig } from "../../../host/src/contracts/config/snapshot.ts";
import type { ParseContext } from "../../../host/src/contracts/extension.ts";
import type { WorkerContext } from "../../../host/src/contracts/runtime.ts";
import { ResponseFlag, type StreamInfo } from "../../../host/src/contracts/stream-info.ts";
import { fileAccessLogger } from "../../../host/src/extensions/access-loggers/file/config.ts";
import { stderrAccessLogger } from "../../../host/src/extensions/access-loggers/stderr/config.ts";
import { stdoutAccessLogger } from "../../../host/src/extensions/access-loggers/stdout/config.ts";
import { StatsStore } from "../../../host/src/stats/stats-store.ts";
import {
  messageOf,
  type ParseReport,
  recordingParseContext,
} from "../../support/config-message.ts";

const folder = mkdtempSync(path.join(tmpdir(), "access-log-"));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
const newPath = (): string => path.join(folder, `log-${(files += 1)}`);

const registry = createRegistry({
  httpFilters: [],
  networkFilters: [],
  listenerFilters: [],
  accessLoggers: [fileAccessLogger, stdoutAccessLogger, stderrAccessLogger],
});

function parseContext(): ParseContext & ParseReport {
  const context = recordingParseContext();
  context.extension = (_kind, name, any) => {
    const message = anyUnpack(any!, schema().registry)!;
    const factory = registry.accessLogger(message.$typeName)!;
    return { name, typeUrl: any!.typeUrl, config: factory.parseConfig(message as never, context) };
  };
  return context;
}

function parse(json: JsonValue): { config: ExtensionConfig; problems: readonly string[] } {
  const context = parseContext();
  const message = messageOf<AccessLogMessage>("envoy.config.accesslog.v3.AccessLog", json);
  return { config: parseAccessLog(message, context)!, problems: context.problems };
}

interface Worker {
  readonly context: WorkerContext;
  readonly store: StatsStore;
  readonly warnings: string[];
}

function worker(): Worker {
  const store = new StatsStore();
  const singletons = new Map<string, unknown>();
  const warnings: string[] = [];
  const logger = { warning: (text: string) => void warnings.push(text) };
  const context = {
    stats: store.main,
    loggers: { logger: () => logger },
    singleton<T>(key: string, create: () => T): T {
      if (!singletons.has(key)) singletons.set(key, create());
      return singletons.get(key) as T;
    },
  };
  return { context: context as unknown as WorkerContext, store, warnings };
}

function stream(change: (info: StreamInfo) => void = () => {}): StreamInfo {
  const time = { monotonicMs: () => 100, systemMs: () => Date.UTC(2026, 10, 21) };
  const info = new StreamInfoImpl(time, {
    downstreamLocalAddress: undefined,
    downstreamRemoteAddress: undefined,
    downstreamDirectRemoteAddress: undefined,
    connectionId: 1,
    filterChainName: "",
    requestedServerName: "",
  });
  info.endTimeMs = 150;
  info.responseCode = 200;
  info.protocol = "HTTP/1.1";
  info.requestHeaders = headerMapOf([
    [":method", "GET"],
    [":path", "/"],
    ["x-a", "b"],
  ]);
  change(info);
  return info;
}

const fileType = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog";
const fileLog = (config: { [key: string]: JsonValue }, filter?: JsonValue): JsonValue => ({
  name: "envoy.access_loggers.file",
  ...(filter === undefined ? {} : { filter }),
  typed_config: { "@type": fileType, ...config },
});

async function written(config: { [key: string]: JsonValue }): Promise<string> {
  const file = newPath();
  const parsed = parse(fileLog({ path: file, ...config }));
  assert.deepEqual(parsed.problems, []);
  const { context } = worker();
  const log = await createAccessLog(structuredClone(parsed.config), context, registry);
  log.log(stream(), "DownstreamEnd");
  await accessLogFilesOf(context).drain();
  return readFileSync(file, "utf8");
}

test("file access logger writes Envoy's default line when no format is given", async () => {
  const line = '[2026-11-21T00:00:00.000Z] "GET / HTTP/1.1" 200 - 0 0 50 - "-" "-" "-" "-" "-"\n';
  assert.equal(await written({}), line);
  assert.equal(await written({ format: "" }), line);
});

test("file access logger writes every kind of format", async () => {
  const source = { inline_string: "%RESPONSE_CODE% ü %REQ(NOPE)%\n" };
  assert.equal(await written({ log_format: { text_format_source: source } }), "200 ü -\n");
  assert.equal(
    await written({ log_format: { text_format_source: source, omit_empty_values: true } }),
    "200 ü \n",
  );
  assert.equal(await written({ log_format: { text_format: "%DURATION%;" } }), "50;");
  assert.equal(await written({ format: "%ACCESS_LOG_TYPE%\n" }), "DownstreamEnd\n");
  const json = { d: "%DURATION%", a: "%REQ(NOPE)%" };
  assert.equal(await written({ json_format: json }), '{"a":null,"d":50}\n');
  assert.equal(await written({ typed_json_format: json }), '{"a":null,"d":50}\n');
  assert.equal(
    await written({ log_format: { json_format: json, omit_empty_values: true } }),
    '{"d":50}\n',
  );
});

test("parseAccessLog() reports a format that cannot be read, at its field", () => {
  const problems = (config: { [key: string]: JsonValue }): readonly string[] =>
    parse(fileLog({ path: "/dev/null", ...config })).problems;
  const text = "Not supported field in StreamInfo: FOO";
  assert.deepEqual(problems({ format: "%FOO%" }), [`format: ${text}`]);
  assert.deepEqual(problems({ json_format: { a: "%FOO%" } }), [`json_format: ${text}`]);
  assert.deepEqual(problems({ log_format: { text_format_source: { inline_string: "%FOO%" } } }), [
    `text_format_source: ${text}`,
  ]);
});

test("file access logger refuses a file that cannot be opened, as Envoy words it", async () => {
  const { config } = parse(fileLog({ path: path.join(folder, "no", "log") }));
  const logger = (config.config as AccessLogConfig).logger as ExtensionConfig;
  const factory = registry.accessLogger(messageNameOfTypeUrl(logger.typeUrl))!;
  const prepared = await factory.prepare!(logger.config, undefined as never);
  assert.deepEqual(prepared, {
    ok: false,
    error: `unable to open file '${path.join(folder, "no", "log")}': no such file or directory`,
  });
  const { context } = worker();
  await assert.rejects(createAccessLog(config, context, registry), /ENOENT/);
});

test("AccessLogFiles shares one file among all loggers that name it, and counts", async () => {
  const file = newPath();
  const { config } = parse(fileLog({ path: file, format: "x\n" }));
  const { context, store } = worker();
  (await createAccessLog(config, context, registry)).log(stream(), "DownstreamEnd");
  (await createAccessLog(config, context, registry)).log(stream(), "DownstreamEnd");
  assert.equal(store.value("filesystem.write_total_buffered"), 4);
  await accessLogFilesOf(context).drain();
  assert.equal(readFileSync(file, "utf8"), "x\nx\n");
  assert.equal(store.value("filesystem.write_buffered"), 2);
  assert.equal(store.value("filesystem.write_completed"), 1);
  assert.equal(store.value("filesystem.write_total_buffered"), 0);
  assert.ok([...store.counters].every((stat) => !stat.name.startsWith("sluice.")));
});

test("AccessLogFiles counts the lines that a full disk loses, and says so once", async () => {
  const { config } = parse(fileLog({ path: "/dev/full", format: "x\n" }));
  const { context, store, warnings } = worker();
  const log = await createAccessLog(config, context, registry);
  for (let i = 0; i < 3; i += 1) {
    log.log(stream(), "DownstreamEnd");
    await accessLogFilesOf(context).drain();
  }
  assert.equal(store.value("sluice.access_log.lines_dropped"), 3);
  assert.equal(store.value("filesystem.write_failed"), 3);
  assert.equal(store.value("filesystem.write_total_buffered"), 0);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /\/dev\/full: lines are lost: ENOSPC/);
});

const comparison = (op: string, value: number): JsonValue => ({
  comparison: { op, value: { default_value: value, runtime_key: "key" } },
});
const error503 = (info: StreamInfo): void => {
  info.responseCode = 503;
  info.responseFlags = ResponseFlag.UpstreamConnectionFailure;
};

const filterCases: readonly {
  readonly filter: JsonValue;
  readonly ok: boolean;
  readonly failed: boolean;
  readonly type?: AccessLogType;
}[] = [
  { filter: { status_code_filter: comparison("GE", 500) }, ok: false, failed: true },
  { filter: { status_code_filter: comparison("EQ", 200) }, ok: true, failed: false },
  { filter: { status_code_filter: comparison("LE", 200) }, ok: true, failed: false },
  { filter: { status_code_filter: comparison("NE", 200) }, ok: false, failed: true },
  { filter: { duration_filter: comparison("GE", 50) }, ok: true, failed: true },
  { filter: { duration_filter: comparison("GE", 51) }, ok: false, failed: false },
  { filter: { not_health_check_filter: {} }, ok: true, failed: true },
  { filter: { response_flag_filter: {} }, ok: false, failed: true },
  { filter: { response_flag_filter: { flags: ["UF", "UH"] } }, ok: false, failed: true },
  { filter: { response_flag_filter: { flags: ["UH"] } }, ok: false, failed: false },
  {
    filter: { header_filter: { header: { name: "x-a", string_match: { exact: "b" } } } },
    ok: true,
    failed: true,
  },
  {
    filter: { header_filter: { header: { name: "x-none", present_match: true } } },
    ok: false,
    failed: false,
  },
  {
    filter: {
      and_filter: {
        filters: [{ response_flag_filter: {} }, { duration_filter: comparison("GE", 51) }],
      },
    },
    ok: false,
    failed: false,
  },
  {
    filter: {
      or_filter: {
        filters: [{ response_flag_filter: {} }, { duration_filter: comparison("GE", 51) }],
      },
    },
    ok: false,
    failed: true,
  },
  { filter: { grpc_status_filter: { statuses: ["UNAVAILABLE"] } }, ok: false, failed: true },
  {
    filter: { grpc_status_filter: { statuses: ["UNAVAILABLE"], exclude: true } },
    ok: true,
    failed: false,
  },
  { filter: { log_type_filter: { types: ["DownstreamEnd"] } }, ok: true, failed: true },
  {
    filter: { log_type_filter: { types: ["TcpPeriodic"], exclude: true } },
    ok: true,
    failed: true,
  },
  {
    filter: { log_type_filter: { types: ["TcpPeriodic"], exclude: true } },
    ok: false,
    failed: false,
    type: "TcpPeriodic",
  },
];

for (const { filter, ok, failed, type = "DownstreamEnd" } of filterCases) {
  test(`access log filter ${JSON.stringify(filter)} decides about ${type}`, async () => {
    const file = newPath();
    const { config } = parse(fileLog({ path: file, format: "%RESPONSE_CODE%\n" }, filter));
    const { context } = worker();
    const log = await createAccessLog(structuredClone(config), context, registry);
    log.log(stream(), type);
    log.log(stream(error503), type);
    await accessLogFilesOf(context).drain();
    assert.equal(readFileSync(file, "utf8"), `${ok ? "200\n" : ""}${failed ? "503\n" : ""}`);
  });
}

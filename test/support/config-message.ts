import { create, fromJson, type JsonValue, type Message } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { schema } from "../../host/src/config/schema.ts";
import type { ParseContext, PerRouteConfig } from "../../host/src/contracts/extension.ts";

/** A message of the configuration model from protobuf JSON; `T` is its type in `config/gen`. */
export function messageOf<T extends Message>(typeName: T["$typeName"], json: JsonValue): T {
  const { registry } = schema();
  return fromJson(schema().message(typeName), json, { registry }) as unknown as T;
}

/** What a parser reported, and the clusters that it says must exist. */
export interface ParseReport {
  /** `field: text`. */
  readonly problems: string[];
  readonly warnings: string[];
  readonly references: string[];
}

/**
 * A `ParseContext` for parsers under test: it remembers what is reported. Per-route configurations are given as
 * `FilterConfig` around a `google.protobuf.Struct`, which becomes the configuration.
 */
export function recordingParseContext(): ParseContext & ParseReport {
  const report: ParseReport = { problems: [], warnings: [], references: [] };
  const context: Partial<ParseContext> & ParseReport = {
    ...report,
    problem: (_message, field, text) => void report.problems.push(`${field}: ${text}`),
    warning: (_message, field, text) => void report.warnings.push(`${field}: ${text}`),
    reference: (_kind, name) => void report.references.push(name),
    durationMs: (duration, fallback) =>
      duration === undefined ? fallback : Number(duration.seconds) * 1000 + duration.nanos / 1e6,
    dataSource: (source) => dataSource(source as DataSourceShape | undefined),
    unpack: (any) => anyUnpack(any, schema().registry),
    perRouteConfig: (filterName, any) => perRouteConfig(filterName, any),
    extension: (_kind, name, config) => ({ name, typeUrl: config?.typeUrl ?? "", config: {} }),
  };
  return context as ParseContext & ParseReport;
}

interface DataSourceShape {
  readonly specifier: { readonly case?: string | undefined; readonly value?: unknown };
}

function dataSource(source: DataSourceShape | undefined): Buffer | undefined {
  const value = source?.specifier.value;
  return value === undefined ? undefined : Buffer.from(value as string);
}

type Any = Parameters<ParseContext["perRouteConfig"]>[1];

function perRouteConfig(filterName: string, any: Any): PerRouteConfig {
  const message = anyUnpack(any, schema().registry) as unknown as {
    disabled?: boolean;
    config?: Any;
  };
  const inner = message.config && anyUnpack(message.config, schema().registry);
  return {
    filterName,
    messageName: inner?.$typeName ?? "",
    config: inner === undefined ? undefined : (inner as Message & { value?: unknown }).value,
    disabled: message.disabled ?? false,
  };
}

/** An empty message. */
export function emptyMessage<T extends Message>(typeName: T["$typeName"]): T {
  return create(schema().message(typeName)) as unknown as T;
}

import type { Message } from "@bufbuild/protobuf";
import type { SubstitutionFormatString } from "../config/gen/envoy/config/core/v3/substitution_format_string_pb.js";
import type { ParseContext } from "../contracts/extension.ts";
import type { Result } from "../contracts/result.ts";
import type { JsonValue } from "../contracts/stream-info.ts";
import { compileFormat, defaultFormat, type Formatter } from "../formatter/formatter.ts";
import { compileJsonFormat } from "../formatter/json-formatter.ts";

/** A format as plain data. */
export type LogFormatConfig =
  | { readonly kind: "text"; readonly text: string; readonly omitEmptyValues: boolean }
  | {
      readonly kind: "json";
      readonly format: { readonly [key: string]: JsonValue };
      readonly omitEmptyValues: boolean;
    };

/** What is written when nothing is configured. */
export const defaultLogFormat: LogFormatConfig = {
  kind: "text",
  text: defaultFormat,
  omitEmptyValues: false,
};

/**
 * The formatter; an error says what is wrong with the format, in Envoy's words. `onOperator`: told the name of each
 * operator in it.
 */
export function compileLogFormat(
  config: LogFormatConfig,
  onOperator?: (name: string) => void,
): Result<Formatter, string> {
  const options = { omitEmptyValues: config.omitEmptyValues, ...(onOperator && { onOperator }) };
  return config.kind === "text"
    ? compileFormat(config.text, options)
    : compileJsonFormat(config.format, options);
}

/** Reads a `SubstitutionFormatString`. */
export function parseSubstitutionFormat(
  message: SubstitutionFormatString,
  context: ParseContext,
): LogFormatConfig {
  const { omitEmptyValues, format } = message;
  switch (format.case) {
    case "textFormat":
      return checked({ kind: "text", text: format.value, omitEmptyValues }, context, {
        message,
        field: "text_format",
      });
    case "textFormatSource": {
      const bytes = context.dataSource(format.value, message, "text_format_source");
      const text = bytes?.toString("utf8") ?? "";
      return checked({ kind: "text", text, omitEmptyValues }, context, {
        message,
        field: "text_format_source",
      });
    }
    case "jsonFormat":
      return checked({ kind: "json", format: format.value, omitEmptyValues }, context, {
        message,
        field: "json_format",
      });
    case undefined:
      // Refused by the rule that one of them is required.
      return defaultLogFormat;
  }
}

/** Reports a format that cannot be compiled, at the field that it came from. */
export function checked(
  config: LogFormatConfig,
  context: ParseContext,
  place: { readonly message: Message; readonly field: string },
): LogFormatConfig {
  const compiled = compileLogFormat(config);
  if (!compiled.ok) context.problem(place.message, place.field, compiled.error);
  return config;
}

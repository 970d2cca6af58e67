import type { DescField } from "@bufbuild/protobuf";
import { fieldsOfPath } from "./field-path.ts";
import type { PathMatch } from "./path-matcher.ts";
import { TranscodeError } from "./transcode-error.ts";
import type { TranscodedMethod, Transcoding } from "./transcoding.ts";
import { unescapeUrl } from "./url-unescape.ts";

/** A field that the path or the query gives. */
export interface Binding {
  readonly fields: readonly DescField[];
  readonly value: string;
}

/** What path and query say about a request. */
export interface RequestBindings {
  readonly method: TranscodedMethod;
  /** Of the path, then of the query: of those for one field, the last holds. */
  readonly bindings: readonly Binding[];
  /** Query parameters that no field stands for, when they are to be captured. */
  readonly unknown: ReadonlyMap<string, readonly string[]>;
}

/** Throws when the query names a field that does not exist, and that matters. */
export function bindingsOf(
  transcoding: Transcoding,
  { value: method, segments }: PathMatch<TranscodedMethod>,
  query: string,
): RequestBindings {
  const { config, ignoredQueryParameters } = transcoding;
  const bindings: Binding[] = method.variables.map(({ fields, start, end, isMany }) => ({
    fields,
    value: unescapeUrl(segments.slice(start, end).join("/"), isMany ? config.unescape : "all"),
  }));
  const unknown = new Map<string, string[]>();
  for (const parameter of query.split("&")) {
    const equals = parameter.indexOf("=");
    const name = parameter.slice(0, equals);
    if (equals <= 0 || ignoredQueryParameters.has(name)) continue;
    const value = unescapeUrl(parameter.slice(equals + 1), "all", config.queryPlusIsSpace);
    const fields = fieldsOfPath(method.desc.input, name.split("."));
    if (fields.ok) {
      bindings.push({ fields: fields.value, value });
    } else if (config.captureUnknownQueryParameters) {
      unknown.set(name, [...(unknown.get(name) ?? []), value]);
    } else if (!config.ignoreUnknownQueryParameters) {
      throw new TranscodeError(fields.error);
    }
  }
  return { method, bindings, unknown };
}

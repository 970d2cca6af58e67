import type { Message } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import type {
  HeaderValueOption,
  Metadata as MetadataMessage,
} from "../config/gen/envoy/config/core/v3/base_pb.js";
import type { ParseContext } from "../contracts/extension.ts";
import { compileFormat } from "../formatter/formatter.ts";
import type {
  HeaderAdditionConfig,
  HeaderAppendAction,
  HeaderMutationsConfig,
  LevelConfig,
  Metadata,
} from "./route-config.ts";

/** The fields that tables, virtual hosts, routes and weighted clusters have in common. */
export interface LevelMessage {
  readonly requestHeadersToAdd: readonly HeaderValueOption[];
  readonly requestHeadersToRemove: readonly string[];
  readonly responseHeadersToAdd: readonly HeaderValueOption[];
  readonly responseHeadersToRemove: readonly string[];
  readonly typedPerFilterConfig: { readonly [filter: string]: Any };
}

export function parseLevel(message: Message & LevelMessage, context: ParseContext): LevelConfig {
  const perFilter = Object.entries(message.typedPerFilterConfig).map(([filter, config]) =>
    context.perRouteConfig(
      filter,
      config,
      message,
      `typed_per_filter_config[${JSON.stringify(filter)}]`,
    ),
  );
  return {
    request: {
      remove: parseRemovals(message, "request", message.requestHeadersToRemove, context),
      add: parseAdditions(message.requestHeadersToAdd, context),
    },
    response: {
      remove: parseRemovals(message, "response", message.responseHeadersToRemove, context),
      add: parseAdditions(message.responseHeadersToAdd, context),
    },
    perFilter: perFilter.filter((entry) => entry !== undefined),
  };
}

/** Headers that routing itself depends on. */
function isProtected(name: string): boolean {
  return name.startsWith(":") || name === "host";
}

function parseRemovals(
  message: Message,
  side: "request" | "response",
  names: readonly string[],
  context: ParseContext,
): HeaderMutationsConfig["remove"] {
  return names.map((given, i) => {
    const name = given.toLowerCase();
    if (isProtected(name)) {
      const field = `${side}_headers_to_remove[${i}]`;
      context.problem(message, field, ":-prefixed or host headers may not be removed");
    }
    return name;
  });
}

const appendActions: readonly HeaderAppendAction[] = [
  "APPEND_IF_EXISTS_OR_ADD",
  "ADD_IF_ABSENT",
  "OVERWRITE_IF_EXISTS_OR_ADD",
  "OVERWRITE_IF_EXISTS",
];

/** `HeaderValueOption`s, as routes and local replies have them. */
export function parseAdditions(
  options: readonly HeaderValueOption[],
  context: ParseContext,
): HeaderAdditionConfig[] {
  return options.map((option) => {
    const header = option.header;
    const name = header?.key.toLowerCase() ?? "";
    const value = header?.value ?? "";
    if (header !== undefined) {
      if (header.rawValue.length > 0) {
        context.problem(header, "raw_value", "is not read here, nor in Envoy; use value");
      }
      if (isProtected(name)) {
        const text =
          ":-prefixed or host headers may not be modified; routes have host_rewrite_literal " +
          "and prefix_rewrite for that";
        context.problem(header, "key", text);
      }
      const format = compileFormat(value, { omitEmptyValues: true });
      if (!format.ok) context.problem(header, "value", format.error);
    }
    return {
      name,
      value,
      action: parseAppendAction(option, context),
      keepEmptyValue: option.keepEmptyValue,
    };
  });
}

function parseAppendAction(option: HeaderValueOption, context: ParseContext): HeaderAppendAction {
  const action = appendActions[option.appendAction] ?? "APPEND_IF_EXISTS_OR_ADD";
  if (option.append === undefined) return action;
  if (option.appendAction !== 0) {
    const text = "Both append and append_action are set and it's not allowed; leave append out";
    context.problem(option, "append", text);
  }
  return option.append ? "APPEND_IF_EXISTS_OR_ADD" : "OVERWRITE_IF_EXISTS_OR_ADD";
}

/** `filter_metadata`; the typed kind is refused by its field class. */
export function parseMetadata(metadata: MetadataMessage | undefined): Metadata {
  return (metadata?.filterMetadata ?? {}) as Metadata;
}

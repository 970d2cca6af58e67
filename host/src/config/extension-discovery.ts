import { messageNameOfTypeUrl } from "../common/type-url.ts";
import { createHash } from "node:crypto";
import { toBinary } from "@bufbuild/protobuf";
import type { ExtensionConfig, ExtensionDiscoveryConfig } from "../contracts/config/snapshot.ts";
import type { HttpFilterFactory } from "../contracts/extension.ts";
import { checkNode, parseConfigSource } from "./config-source.ts";
import type { ConfigContext } from "./context.ts";
import type {
  ConfigSource,
  ExtensionConfigSource,
} from "./gen/envoy/config/core/v3/config_source_pb.ts";
import { typeUrlOf } from "./schema.ts";

interface Asked {
  /** The filter's name, which is the name of the resource. */
  readonly name: string;
  readonly source: ExtensionConfigSource;
  readonly last: boolean;
  readonly upstream: boolean;
}

/** Envoy's default of `initial_fetch_timeout`. */
const fetchTimeoutMs = 15_000;

/** `config_discovery` of an HTTP filter, checked as Envoy checks it. */
export function parseExtensionDiscovery(
  context: ConfigContext,
  asked: Asked,
): ExtensionDiscoveryConfig | undefined {
  const { source, name } = asked;
  const category = asked.upstream ? "upstream_http_filter" : "http_filter";
  if (!source.configSource) return undefined;
  checkNode(
    context,
    source,
    "config_source",
    typeUrlOf("envoy.config.core.v3.TypedExtensionConfig"),
  );
  checkTypes(context, source);
  const files = filesOf(context, source.configSource);
  const defaultConfig = parseDefault(context, asked);
  if (source.applyDefaultConfigWithoutWarming && !source.defaultConfig) {
    const text = `Error: filter config ${name} applied without warming but has no default config.`;
    context.problem(source, "apply_default_config_without_warming", text);
  }
  if (!files) return undefined;
  return {
    // Places of both kinds do not share a subscription: its stats are named after the kind.
    key: keyOf(context, name, source.configSource) + (asked.upstream ? " upstream" : ""),
    category,
    typeUrls: source.typeUrls.map((url) => typeUrlOf(messageNameOfTypeUrl(url))),
    path: files.path,
    watchedDirectory: files.watchedDirectory,
    defaultConfig,
    applyDefaultConfigWithoutWarming: source.applyDefaultConfigWithoutWarming,
    initialFetchTimeoutMs: context.durationMs(
      source.configSource.initialFetchTimeout,
      fetchTimeoutMs,
    ),
  };
}

function checkTypes(context: ConfigContext, source: ExtensionConfigSource): void {
  source.typeUrls.forEach((url, index) => {
    const messageName = messageNameOfTypeUrl(url);
    if (context.factory("http_filter", messageName)) return;
    const mend = context.unknownExtension("http_filter", "", messageName);
    const text = `Error: no factory found for a required type URL ${messageName}: ${mend}`;
    context.problem(source, `type_urls[${index}]`, text);
  });
}

/** The files of the source; discovery of filters by gRPC is refused. */
function filesOf(
  context: ConfigContext,
  config: ConfigSource,
): { path: string; watchedDirectory: string | undefined } | undefined {
  if (config.configSourceSpecifier.case === "apiConfigSource") {
    context.problem(config, "api_config_source", "is not supported here; use path_config_source");
    return undefined;
  }
  const specifier = parseConfigSource(context, config)?.specifier;
  return specifier?.kind === "file" ? specifier : undefined;
}

function parseDefault(context: ConfigContext, asked: Asked): ExtensionConfig | undefined {
  const { source, name, last } = asked;
  if (!source.defaultConfig) return undefined;
  const extension = context.extension(
    "http_filter",
    name,
    source.defaultConfig,
    source,
    "default_config",
  );
  if (!extension) return undefined;
  const messageName = messageNameOfTypeUrl(extension.typeUrl);
  const allowed = source.typeUrls.map(messageNameOfTypeUrl);
  if (!allowed.includes(messageName)) {
    const text = `Error: filter config has type URL ${messageName} but expect ${allowed.join(", ")}.`;
    context.problem(source, "default_config", text);
  }
  const factory = context.registry.httpFilter(messageName);
  const misplaced = factory && misplacedText(name, factory, last);
  if (misplaced !== undefined) context.problem(source, "default_config", misplaced);
  return extension;
}

/** Why a filter cannot stand where it stands; Envoy's words. */
export function misplacedText(
  name: string,
  factory: Pick<HttpFilterFactory, "isTerminal" | "name">,
  last: boolean,
): string | undefined {
  if (factory.isTerminal === last) return undefined;
  const { name: type } = factory;
  return factory.isTerminal
    ? `Error: terminal filter named ${name} of type ${type} must be the last filter in a http filter chain.`
    : `Error: non-terminal filter named ${name} of type ${type} is the last filter in a http filter chain.`;
}

function keyOf(context: ConfigContext, name: string, config: ConfigSource): string {
  const desc = context.model.schema.message(config.$typeName);
  const hash = createHash("sha256").update(toBinary(desc, config)).digest("hex");
  return `${name}@${hash.slice(0, 16)}`;
}

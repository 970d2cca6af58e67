import { messageNameOfTypeUrl } from "../common/type-url.ts";
import type {
  DiscoveryCategory,
  ExtensionConfig,
  ExtensionDiscoveryConfig,
} from "../contracts/config/snapshot.ts";
import type { ExtensionFactory, ExtensionKind, ExtensionRegistry } from "../contracts/extension.ts";
import { checkNode, parseConfigSource } from "./config-source.ts";
import type { ConfigContext } from "./context.ts";
import type { Found } from "./found.ts";
import type { ExtensionConfigSource } from "./gen/envoy/config/core/v3/config_source_pb.ts";
import { typeUrlOf } from "./schema.ts";

interface Asked {
  readonly category: DiscoveryCategory;
  /** The extension's name, which is the name of the resource. */
  readonly name: string;
  readonly source: ExtensionConfigSource;
  readonly last: boolean;
}

/** What stands in the places of a category. */
export const kindOfCategory: { readonly [category in DiscoveryCategory]: ExtensionKind } = {
  http_filter: "http_filter",
  upstream_http_filter: "http_filter",
  network_filter: "network_filter",
  tcp_listener_filter: "listener_filter",
  access_logger: "access_logger",
};

/** `config_discovery` of an extension, checked as Envoy checks it. */
export function findExtensionDiscovery(
  context: ConfigContext,
  found: Found,
  asked: Asked,
): ExtensionDiscoveryConfig | undefined {
  const { category, source: message, name, last } = asked;
  if (!message.configSource) return undefined;
  const type = typeUrlOf("envoy.config.core.v3.TypedExtensionConfig");
  checkNode(context, message, "config_source", type);
  checkTypes(context, asked);
  const source = parseConfigSource(context, message.configSource);
  const defaultConfig = parseDefault(context, asked);
  const { applyDefaultConfigWithoutWarming } = message;
  if (applyDefaultConfigWithoutWarming && !message.defaultConfig) {
    const text = `Error: filter config ${name} applied without warming but has no default config.`;
    context.problem(message, "apply_default_config_without_warming", text);
  }
  if (!source) return undefined;
  // Places of different kinds do not share a subscription: its stats are named after the kind.
  const discovery = { key: `${category} ${name}@${source.key}`, category, defaultConfig };
  found.discoveries.push({
    discovery,
    name,
    source,
    typeUrls: message.typeUrls.map((url) => typeUrlOf(messageNameOfTypeUrl(url))),
    applyDefaultConfigWithoutWarming,
    last,
    place: context.model.origins.place(message, ""),
  });
  return discovery;
}

function checkTypes(context: ConfigContext, { category, source }: Asked): void {
  const kind = kindOfCategory[category];
  source.typeUrls.forEach((url, index) => {
    const messageName = messageNameOfTypeUrl(url);
    if (context.factory(kind, messageName)) return;
    const mend = context.unknownExtension(kind, "", messageName);
    const text = `Error: no factory found for a required type URL ${messageName}: ${mend}`;
    context.problem(source, `type_urls[${index}]`, text);
  });
}

function parseDefault(context: ConfigContext, asked: Asked): ExtensionConfig | undefined {
  const { category, source, name, last } = asked;
  if (!source.defaultConfig) return undefined;
  const extension = context.extension(
    kindOfCategory[category],
    name,
    source.defaultConfig,
    source,
    "default_config",
  );
  if (!extension) return undefined;
  const messageName = messageNameOfTypeUrl(extension.typeUrl);
  const misfits = [
    unexpectedText(messageName, source.typeUrls),
    misplacedText({ category, name, last }, messageName, context.registry),
  ];
  for (const text of misfits) {
    if (text !== undefined) context.problem(source, "default_config", text);
  }
  return extension;
}

/** Why a type is not one of those that a place takes; Envoy's words. */
export function unexpectedText(
  messageName: string,
  typeUrls: readonly string[],
): string | undefined {
  const allowed = typeUrls.map(messageNameOfTypeUrl);
  if (allowed.includes(messageName)) return undefined;
  return `Error: filter config has type URL ${messageName} but expect ${allowed.join(", ")}.`;
}

/** Why a filter cannot stand where it stands; Envoy's words. */
export function misplacedText(
  place: Pick<Asked, "category" | "name" | "last">,
  messageName: string,
  registry: ExtensionRegistry,
): string | undefined {
  const { category, name, last } = place;
  if (category === "tcp_listener_filter" || category === "access_logger") return undefined;
  const isNetwork = category === "network_filter";
  const factory: (ExtensionFactory & { readonly isTerminal: boolean }) | undefined = isNetwork
    ? registry.networkFilter(messageName)
    : registry.httpFilter(messageName);
  if (factory === undefined || factory.isTerminal === last) return undefined;
  const which = `named ${name} of type ${factory.name}`;
  const chain = `a ${isNetwork ? "network" : "http"} filter chain.`;
  return factory.isTerminal
    ? `Error: terminal filter ${which} must be the last filter in ${chain}`
    : `Error: non-terminal filter ${which} is the last filter in ${chain}`;
}

import type { Message } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import type { PerRouteConfig } from "../contracts/extension.ts";
import type { ConfigContext } from "./context.ts";
import type { Found } from "./found.ts";
import type { FilterConfig } from "./gen/envoy/config/route/v3/route_components_pb.ts";

interface Asked {
  readonly filterName: string;
  readonly config: Any;
  readonly owner: Message;
  readonly field: string;
}

const wrapperName = "envoy.config.route.v3.FilterConfig";

/** One entry of `typed_per_filter_config`: a filter's per-route message, or `FilterConfig` around one. */
export function perRouteConfig(
  context: ConfigContext,
  found: Found,
  asked: Asked,
): PerRouteConfig | undefined {
  const content = context.model.contentOf(asked.config);
  if (content.messageName !== wrapperName) return filterOwn(context, found, asked, false);
  const wrapper = content.message as FilterConfig | undefined;
  if (!wrapper) return undefined;
  const { filterName } = asked;
  if (wrapper.disabled) return switched(filterName, true);
  if (!wrapper.config) {
    const text = `Empty route/virtual host per filter configuration for ${filterName} filter; set config or disabled`;
    context.problem(asked.owner, asked.field, text);
    return undefined;
  }
  // An empty `config` turns a filter on that is disabled in the chain.
  if (wrapper.config.typeUrl === "") return switched(filterName, false);
  const inner = { filterName, config: wrapper.config, owner: wrapper, field: "config" };
  return filterOwn(context, found, inner, wrapper.isOptional);
}

function switched(filterName: string, disabled: boolean): PerRouteConfig {
  return { filterName, messageName: "", config: undefined, disabled };
}

function filterOwn(
  context: ConfigContext,
  found: Found,
  asked: Asked,
  optional: boolean,
): PerRouteConfig | undefined {
  const { filterName, owner, field } = asked;
  const { message, messageName } = context.model.contentOf(asked.config);
  const factory = context.registry.httpFilterOfRoute(messageName);
  if (!factory?.parseRouteConfig) {
    if (!optional) context.problem(owner, field, unknownText(context, filterName, messageName));
    return undefined;
  }
  if (!message) return undefined;
  const config: unknown = factory.parseRouteConfig(message as never, context);
  const routeConfig = { filterName, messageName, config, disabled: false };
  found.routeConfigs.push({
    routeConfig,
    factory,
    place: context.model.origins.place(owner, field),
  });
  return routeConfig;
}

function unknownText(context: ConfigContext, filterName: string, messageName: string): string {
  if (messageName === "") return `the configuration of "${filterName}" has no "@type"`;
  if (context.registry.httpFilter(messageName)) {
    return `The filter ${filterName} doesn't support virtual host or route specific configurations`;
  }
  return context.unknownExtension("http_filter", filterName, messageName);
}

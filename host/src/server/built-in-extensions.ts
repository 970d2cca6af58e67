import type { ExtensionKind, ExtensionRegistry } from "../contracts/extension.ts";
import type { BuiltInExtension } from "./admin/admin-deps.ts";

/** Envoy's categories of the extension kinds. */
const categories: readonly (readonly [ExtensionKind, string])[] = [
  ["access_logger", "envoy.access_loggers"],
  ["http_filter", "envoy.filters.http"],
  ["listener_filter", "envoy.filters.listener"],
  ["network_filter", "envoy.filters.network"],
];

/** What the node says that it has. */
export function builtInExtensions(registry: ExtensionRegistry): BuiltInExtension[] {
  return categories.flatMap(([kind, category]) =>
    registry.factories(kind).map(({ name, messageName }) => ({ name, category, messageName })),
  );
}

import type { Message } from "@bufbuild/protobuf";
import type { ParseContext } from "../contracts/extension.ts";

/**
 * `upgrade_configs` of a route or a connection manager, by type in lower case. `duplicate` stands before a type that is
 * there twice.
 */
export function upgradeConfigsByType<Config extends { readonly upgradeType: string }>(
  message: Message & { readonly upgradeConfigs: readonly Config[] },
  context: ParseContext,
  duplicate: (upgradeType: string) => string,
): Map<string, Config> {
  const byType = new Map<string, Config>();
  for (const [i, config] of message.upgradeConfigs.entries()) {
    const { upgradeType } = config;
    const type = upgradeType.toLowerCase();
    const field = `upgrade_configs[${i}]`;
    if (type === "connect-udp") {
      context.problem(message, field, `${upgradeType} is not supported; list other protocols`);
    } else if (byType.has(type)) {
      context.problem(message, field, duplicate(upgradeType));
    } else {
      byType.set(type, config);
    }
  }
  return byType;
}

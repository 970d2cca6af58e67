import type { MutationRulesConfig } from "./ext-authz-config.ts";

const routing = new Set(["host", ":authority", ":scheme", ":method"]);

/** `HeaderMutationRules`: which headers of the request a service may change. */
export function allowsMutation(rules: MutationRulesConfig | undefined, name: string): boolean {
  if (rules === undefined) return true;
  if (rules.disallowAll) return false;
  if (rules.disallowSystem && name.startsWith(":")) return false;
  if (!rules.allowAllRouting && routing.has(name)) return false;
  return rules.allowEnvoy || !name.startsWith("x-envoy");
}

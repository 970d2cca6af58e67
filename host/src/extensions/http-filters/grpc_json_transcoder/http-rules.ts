import { getExtension, hasExtension, type DescMethod, type Registry } from "@bufbuild/protobuf";
import type { Result } from "../../../contracts/result.ts";

/** One way to call a method by HTTP (`google.api.HttpRule`). */
export interface HttpRule {
  /** `GET`, or the kind of a custom pattern. */
  readonly httpMethod: string;
  readonly path: string;
  /** Empty: the body is not part of the request; `*`: it is the request; else the field that it is. */
  readonly body: string;
  /** Empty: the response itself. */
  readonly responseBody: string;
}

/** The message as `@bufbuild/protobuf` reads it, without its descriptor being known when this is compiled. */
interface HttpRuleMessage {
  readonly pattern: {
    readonly case?: string;
    readonly value?: string | { readonly kind: string; readonly path: string };
  };
  readonly body: string;
  readonly responseBody: string;
  readonly additionalBindings: readonly HttpRuleMessage[];
}

const verbs = new Set(["get", "put", "post", "delete", "patch"]);

/** The rules of `option (google.api.http)`; none when the method has no such option. */
export function httpRulesOf(method: DescMethod, registry: Registry): Result<HttpRule[], string> {
  const { options } = method.proto;
  const extension = registry.getExtension("google.api.http");
  if (options === undefined || extension === undefined || !hasExtension(options, extension)) {
    return { ok: true, value: [] };
  }
  const message = getExtension(options, extension) as unknown as HttpRuleMessage;
  const rules: HttpRule[] = [];
  for (const each of [message, ...message.additionalBindings]) {
    const rule = ruleOf(each);
    if (rule === undefined) return { ok: false, error: "a google.api.http rule has no pattern" };
    rules.push(rule);
  }
  return { ok: true, value: rules };
}

function ruleOf({ pattern, body, responseBody }: HttpRuleMessage): HttpRule | undefined {
  const { value } = pattern;
  if (pattern.case === "custom" && typeof value === "object") {
    return { httpMethod: value.kind, path: value.path, body, responseBody };
  }
  if (!verbs.has(pattern.case ?? "") || typeof value !== "string") return undefined;
  return { httpMethod: pattern.case!.toUpperCase(), path: value, body, responseBody };
}

/** What `auto_mapping` gives to methods without rules. */
export function autoRuleOf(method: DescMethod): HttpRule {
  const path = `/${method.parent.typeName}/${method.name}`;
  return { httpMethod: "POST", path, body: "*", responseBody: "" };
}

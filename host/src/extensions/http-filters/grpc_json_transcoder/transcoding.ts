import {
  createFileRegistry,
  type DescField,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type Registry,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { Result } from "../../../contracts/result.ts";
import type { TranscoderConfig } from "./config.ts";
import { fieldsOfPath } from "./field-path.ts";
import { autoRuleOf, type HttpRule, httpRulesOf } from "./http-rules.ts";
import { PathMatcher, type PathMatch } from "./path-matcher.ts";
import { parseTemplate, type PathTemplate } from "./path-template.ts";

/** One rule of a method, ready to be used. */
export interface TranscodedMethod {
  readonly desc: DescMethod;
  /** Of gRPC: `/service/method`. */
  readonly path: string;
  readonly variables: readonly PathVariable[];
  /** Undefined: bodies are not read; none: the body is the request. */
  readonly bodyFields: readonly DescField[] | undefined;
  /** The body becomes a `google.api.HttpBody`, as it is. */
  readonly takesHttpBody: boolean;
  /** Where in the response the `HttpBody` stands that the client gets; undefined: the response is printed. */
  readonly httpBodyFields: readonly DescField[] | undefined;
  readonly clientStreaming: boolean;
  readonly serverStreaming: boolean;
}

/** A variable of a path, bound to a field. */
export interface PathVariable {
  readonly fields: readonly DescField[];
  readonly start: number;
  readonly end: number | undefined;
  readonly isMany: boolean;
}

/** A configuration with its services looked up. */
export class Transcoding {
  readonly config: TranscoderConfig;
  readonly registry: Registry;
  readonly ignoredQueryParameters: ReadonlySet<string>;
  readonly #matcher: PathMatcher<TranscodedMethod>;

  constructor(config: TranscoderConfig, registry: Registry) {
    this.config = config;
    this.registry = registry;
    this.ignoredQueryParameters = new Set(config.ignoredQueryParameters);
    this.#matcher = new PathMatcher(config.matchUnregisteredVerbs);
  }

  /** Why the method cannot be served so, or undefined. */
  add(desc: DescMethod, rule: HttpRule): string | undefined {
    const template = parseTemplate(rule.path);
    if (!template.ok) return template.error;
    const method = transcodedMethod(desc, rule, template.value);
    if (!method.ok) return method.error;
    const added = this.#matcher.register(rule.httpMethod, template.value, method.value);
    return added ? undefined : `${rule.httpMethod} ${rule.path} is served by another method`;
  }

  /** `path`: without its query. */
  match(httpMethod: string, path: string): PathMatch<TranscodedMethod> | undefined {
    return this.#matcher.match(httpMethod, path);
  }
}

const httpBodyName = "google.api.HttpBody";
const isHttpBody = (message: DescMessage | undefined): boolean =>
  message?.typeName === httpBodyName;

function transcodedMethod(
  desc: DescMethod,
  rule: HttpRule,
  template: PathTemplate,
): Result<TranscodedMethod, string> {
  const variables: PathVariable[] = [];
  for (const { fieldPath, ...place } of template.variables) {
    const fields = fieldsOfPath(desc.input, fieldPath);
    if (!fields.ok) return fields;
    variables.push({ fields: fields.value, ...place });
  }
  const body = bodyFieldsOf(desc.input, rule.body);
  const response = bodyFieldsOf(desc.output, rule.responseBody || "*");
  if (!body.ok) return body;
  if (!response.ok) return response;
  const result = response.value?.at(-1)?.message ?? desc.output;
  const answersHttpBody = isHttpBody(result);
  if (rule.responseBody !== "" && !answersHttpBody) {
    return { ok: false, error: `response_body must name a field of type ${httpBodyName}` };
  }
  return {
    ok: true,
    value: {
      desc,
      path: `/${desc.parent.typeName}/${desc.name}`,
      variables,
      bodyFields: body.value,
      takesHttpBody:
        body.value !== undefined && isHttpBody(body.value.at(-1)?.message ?? desc.input),
      httpBodyFields: answersHttpBody ? response.value : undefined,
      clientStreaming: ["client_streaming", "bidi_streaming"].includes(desc.methodKind),
      serverStreaming: ["server_streaming", "bidi_streaming"].includes(desc.methodKind),
    },
  };
}

function bodyFieldsOf(
  message: DescMessage,
  body: string,
): Result<readonly DescField[] | undefined, string> {
  if (body === "") return { ok: true, value: undefined };
  return body === "*" ? { ok: true, value: [] } : fieldsOfPath(message, body.split("."));
}

/** Looks services up and registers their methods; an error is a text for the operator. */
export function createTranscoding(config: TranscoderConfig): Result<Transcoding, string> {
  const registry = registryOf(config.descriptors);
  if (!registry.ok) return registry;
  const transcoding = new Transcoding(config, registry.value);
  for (const name of config.services) {
    const service = registry.value.getService(name);
    if (service === undefined) {
      return { ok: false, error: `Could not find '${name}' in the proto descriptor` };
    }
    for (const method of service.methods) {
      const problem = addMethod(transcoding, method);
      if (problem !== undefined) {
        return { ok: false, error: `Cannot register '${name}.${method.name}': ${problem}` };
      }
    }
  }
  return { ok: true, value: transcoding };
}

function addMethod(transcoding: Transcoding, method: DescMethod): string | undefined {
  const rules = httpRulesOf(method, transcoding.registry);
  if (!rules.ok) return rules.error;
  if (rules.value.length === 0 && transcoding.config.autoMapping) {
    rules.value.push(autoRuleOf(method));
  }
  for (const rule of rules.value) {
    const problem = transcoding.add(method, rule);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function registryOf(descriptors: Uint8Array): Result<Registry, string> {
  try {
    const set = fromBinary(FileDescriptorSetSchema, descriptors);
    return { ok: true, value: createFileRegistry(set) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const mend = "make it with protoc --include_imports --descriptor_set_out";
    return { ok: false, error: `the descriptor set cannot be used: ${reason}; ${mend}` };
  }
}

/** The filter's configuration and those of routes on one worker. */
export class Transcodings {
  readonly #own: Transcoding;
  readonly #ofRoutes = new WeakMap<TranscoderConfig, Transcoding>();

  constructor(config: TranscoderConfig) {
    this.#own = transcodingOf(config);
  }

  /** `route`: what the route says, if anything. */
  of(route: TranscoderConfig | undefined): Transcoding {
    if (route === undefined) return this.#own;
    let transcoding = this.#ofRoutes.get(route);
    if (transcoding === undefined) {
      transcoding = transcodingOf(route);
      this.#ofRoutes.set(route, transcoding);
    }
    return transcoding;
  }
}

/** What was tried on the main thread. */
function transcodingOf(config: TranscoderConfig): Transcoding {
  const made = createTranscoding(config);
  if (!made.ok) throw new Error(made.error);
  return made.value;
}

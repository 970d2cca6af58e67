import { createHash } from "node:crypto";
import type { Message } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import { readConfigFile } from "../config/input.ts";
import type { TypedExtensionConfig } from "../config/gen/envoy/config/core/v3/extension_pb.ts";
import type {
  DiscoveryResponse,
  Resource,
} from "../config/gen/envoy/service/discovery/v3/discovery_pb.ts";
import { Model } from "../config/model.ts";
import { fileOnly, ProblemList, type Place } from "../config/problem.ts";

/** Envoy counts what cannot be read as a failure, what can be read and is wrong as a rejection. */
export type PushFailure = "failure" | "rejected";

/** One resource of a file, read and not looked into yet. */
export interface PushedExtension {
  readonly version: string;
  readonly resource: TypedExtensionConfig;
  readonly config: Any;
  /** Equal for equal configurations. */
  readonly hash: string;
  readonly model: Model;
}

export interface ReadOptions {
  /** The name that the resource must have. */
  readonly name: string;
  readonly onUnknownField: (place: Place, text: string) => void;
  readonly warned: Set<string>;
}

/** What reading gives: the resource, or how it failed. `problems` holds why, and warnings. */
export type ReadResult =
  | { readonly ok: true; readonly pushed: PushedExtension; readonly problems: ProblemList }
  | { readonly ok: false; readonly failure: PushFailure; readonly problems: ProblemList };

const responseType = "envoy.service.discovery.v3.DiscoveryResponse";
const extensionType = "envoy.config.core.v3.TypedExtensionConfig";
const wrapperType = "envoy.service.discovery.v3.Resource";

/** Reads a file that holds a `DiscoveryResponse` with the one extension that is subscribed to. */
export function readExtensionFile(file: string, options: ReadOptions): ReadResult {
  const problems = new ProblemList();
  const fail = (failure: PushFailure): ReadResult => ({ ok: false, failure, problems });
  const input = readConfigFile(file, problems);
  if (!input) return fail("failure");
  const { onUnknownField, warned } = options;
  const model = new Model({ problems, source: input.source, onUnknownField, warned });
  const response = model.read(responseType, input) as DiscoveryResponse | undefined;
  if (!response || problems.failed) return fail("failure");
  const reject = (message: Message | undefined, field: string, text: string): ReadResult => {
    problems.error(message ? model.origins.place(message, field) : fileOnly(file), text);
    return fail("rejected");
  };
  const [first, ...others] = response.resources;
  if (!first || others.length > 0) {
    const count = response.resources.length;
    const text = `Unexpected number of resources in ExtensionConfigDS response: ${count}`;
    return reject(response, "resources", text);
  }
  const { resource, version } = unwrap(model, first, response.versionInfo);
  if (!resource) {
    const { messageName } = model.anys.contentOf(first);
    const text = `expected a resource of type ${extensionType}, found ${messageName || "none"}`;
    return reject(first, "@type", text);
  }
  if (resource.name !== options.name) {
    const text = `Unexpected resource name in ExtensionConfigDS response: ${resource.name}; expected ${options.name}`;
    return reject(resource, "name", text);
  }
  const config = resource.typedConfig;
  if (!config) return reject(resource, "", "typed_config is missing");
  const hash = createHash("sha256").update(config.typeUrl).update("\0").update(config.value);
  const pushed = { version, resource, config, hash: hash.digest("hex"), model };
  return { ok: true, pushed, problems };
}

/** The extension in a resource: itself, or inside a `Resource`, which has a version of its own. */
function unwrap(
  model: Model,
  any: Any,
  version: string,
): { resource: TypedExtensionConfig | undefined; version: string } {
  const { message, messageName } = model.anys.contentOf(any);
  if (messageName === extensionType) {
    return { resource: message as TypedExtensionConfig | undefined, version };
  }
  if (messageName !== wrapperType || !message) return { resource: undefined, version };
  const wrapper = message as Resource;
  const inner = wrapper.resource && model.anys.contentOf(wrapper.resource);
  const resource = inner?.messageName === extensionType ? inner.message : undefined;
  return {
    resource: resource as TypedExtensionConfig | undefined,
    version: wrapper.version === "" ? version : wrapper.version,
  };
}

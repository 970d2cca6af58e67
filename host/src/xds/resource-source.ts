import { createHash } from "node:crypto";
import type { Message } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import { readConfigFile } from "../config/input.ts";
import type {
  DiscoveryResponse,
  Resource,
} from "../config/gen/envoy/service/discovery/v3/discovery_pb.ts";
import { Model } from "../config/model.ts";
import { fileOnly, ProblemList, type Place } from "../config/problem.ts";
import { typeUrlOf } from "../config/schema.ts";
import { Source } from "../config/source.ts";

const wrapperName = "envoy.service.discovery.v3.Resource";

/** A message with a name, as resources are. */
export type NamedMessage = Message & { readonly name: string };

/** What a kind of resource is called, in which API, and in Envoy's messages. */
export interface ResourceKind {
  readonly messageName: string;
  /** `package.Service` */
  readonly service: string;
  readonly method: string;
  /** For the log: `secret`. */
  readonly word: string;
  /** A response has another number of them than one. */
  lengthText(name: string, count: number): string;
  /** It has another one than the expected. */
  nameText(expected: string, found: string): string;
}

/** A resource as it came, not looked into yet. */
export interface ArrivedResource<M extends NamedMessage> {
  readonly version: string;
  readonly message: M;
  /** Equal for equal resources. */
  readonly hash: string;
  readonly model: Model;
}

/** Where what is read is reported. */
export interface ReadEnvironment {
  readonly onUnknownField: (place: Place, text: string) => void;
  readonly warned: Set<string>;
}

/** Which resource is subscribed to. */
export interface WantedResource extends ReadEnvironment {
  readonly kind: ResourceKind;
  readonly name: string;
}

/** What reading gives. `unreadable`: Envoy counts that as a failure, else it is a rejection. */
export type ResourceReading<M extends NamedMessage> =
  | { readonly kind: "arrived"; readonly resource: ArrivedResource<M> }
  /** The response has nothing to say about it. `empty`: about no other either. */
  | { readonly kind: "nothing"; readonly empty: boolean }
  | { readonly kind: "refused"; readonly unreadable: boolean; readonly problems: ProblemList };

/** Reads a file that holds a `DiscoveryResponse` with the one resource that is subscribed to. */
export function readResourceFile<M extends NamedMessage>(
  file: string,
  wanted: WantedResource,
): ResourceReading<M> {
  const problems = new ProblemList();
  const input = readConfigFile(file, problems);
  const model = modelFor(input?.source ?? new Source(file, ""), problems, wanted);
  const response =
    input &&
    (model.read("envoy.service.discovery.v3.DiscoveryResponse", input) as DiscoveryResponse);
  if (!response || problems.failed) return { kind: "refused", unreadable: true, problems };
  const resources = resourcesOf<M>(response, wanted.kind, model);
  const { name, kind } = wanted;
  if (resources.length !== 1 && !problems.failed) {
    const place = model.origins.place(response, "resources");
    problems.error(place, kind.lengthText(name, resources.length));
  }
  const [first] = resources;
  if (first !== undefined && first.message.name !== name && !problems.failed) {
    const text = kind.nameText(name, first.message.name);
    problems.error(model.origins.place(first.message, "name"), text);
  }
  if (problems.failed) return { kind: "refused", unreadable: false, problems };
  return { kind: "arrived", resource: first! };
}

/** Finds the resource in a response of a control plane, which may hold others too. */
export function findInResponse<M extends NamedMessage>(
  response: DiscoveryResponse,
  wanted: WantedResource,
): ResourceReading<M> {
  const problems = new ProblemList();
  const { name, kind } = wanted;
  const model = modelFor(new Source("", ""), problems, wanted);
  const all = resourcesOf<M>(response, kind, model);
  const resources = all.filter(({ message }) => message.name === name);
  if (resources.length > 1) {
    problems.error(fileOnly(""), kind.lengthText(name, resources.length));
  }
  if (problems.failed) return { kind: "refused", unreadable: false, problems };
  const [first] = resources;
  if (first === undefined) return { kind: "nothing", empty: response.resources.length === 0 };
  return { kind: "arrived", resource: first };
}

/** What a message is checked with whose places are not known, or not wanted. */
export function modelFor(
  source: Source,
  problems: ProblemList,
  environment: ReadEnvironment,
): Model {
  const { onUnknownField, warned } = environment;
  return new Model({ problems, source, onUnknownField, warned });
}

function resourcesOf<M extends NamedMessage>(
  response: DiscoveryResponse,
  kind: ResourceKind,
  model: Model,
): ArrivedResource<M>[] {
  const resources: ArrivedResource<M>[] = [];
  for (const any of response.resources) {
    const { message, version, bytes } = unwrap(any, response.versionInfo, model);
    if (message?.$typeName !== kind.messageName) {
      const text = `${any.typeUrl} does not match the message-wide type URL ${typeUrlOf(kind.messageName)} in DiscoveryResponse`;
      model.problems.error(model.origins.place(any, "@type"), text);
      continue;
    }
    const hash = createHash("sha256").update(bytes).digest("hex");
    resources.push({ version, message: message as M, hash, model });
  }
  return resources;
}

interface Unwrapped {
  readonly message: Message | undefined;
  readonly version: string;
  readonly bytes: Uint8Array;
}

/** The resource itself, or the one inside a `Resource`, which has a version of its own. */
function unwrap(any: Any, version: string, model: Model): Unwrapped {
  const { message, messageName } = model.anys.contentOf(any);
  if (messageName !== wrapperName || !message) return { message, version, bytes: any.value };
  const { resource, version: own } = message as Resource;
  return {
    message: resource && model.anys.contentOf(resource).message,
    version: own === "" ? version : own,
    bytes: resource?.value ?? any.value,
  };
}

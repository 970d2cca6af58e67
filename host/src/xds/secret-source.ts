import { createHash } from "node:crypto";
import type { Message } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import { readConfigFile } from "../config/input.ts";
import type { Secret } from "../config/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";
import type {
  DiscoveryResponse,
  Resource,
} from "../config/gen/envoy/service/discovery/v3/discovery_pb.ts";
import { Model } from "../config/model.ts";
import { fileOnly, ProblemList, type Place } from "../config/problem.ts";
import { typeUrlOf } from "../config/schema.ts";
import { Source } from "../config/source.ts";

const secretName = "envoy.extensions.transport_sockets.tls.v3.Secret";
const wrapperName = "envoy.service.discovery.v3.Resource";

/** The type of the resources. */
export const secretTypeUrl: string = typeUrlOf(secretName);

/** A secret as it came, not looked into yet. */
export interface ArrivedSecret {
  readonly version: string;
  readonly message: Secret;
  /** Equal for equal secrets. */
  readonly hash: string;
  readonly model: Model;
}

export interface SecretReadOptions {
  /** The name that is subscribed to. */
  readonly name: string;
  readonly onUnknownField: (place: Place, text: string) => void;
  readonly warned: Set<string>;
}

/** What reading gives. `unreadable`: Envoy counts that as a failure, else it is a rejection. */
export type SecretReading =
  | { readonly kind: "arrived"; readonly secret: ArrivedSecret }
  /** The response has nothing to say about the secret. */
  | { readonly kind: "nothing" }
  | { readonly kind: "refused"; readonly unreadable: boolean; readonly problems: ProblemList };

/** Reads a file that holds a `DiscoveryResponse` with the one secret that is subscribed to. */
export function readSecretFile(file: string, options: SecretReadOptions): SecretReading {
  const problems = new ProblemList();
  const input = readConfigFile(file, problems);
  const model = modelFor(input?.source ?? new Source(file, ""), problems, options);
  const response =
    input &&
    (model.read("envoy.service.discovery.v3.DiscoveryResponse", input) as DiscoveryResponse);
  if (!response || problems.failed) return { kind: "refused", unreadable: true, problems };
  const secrets = secretsOf(response, model);
  const { name } = options;
  if (secrets.length !== 1 && !problems.failed) {
    problems.error(fileOnly(file), lengthText(name, secrets.length));
  }
  const [first] = secrets;
  if (first !== undefined && first.message.name !== name && !problems.failed) {
    const text = `Unexpected SDS secret (expecting ${name}): ${first.message.name}`;
    problems.error(model.origins.place(first.message, "name"), text);
  }
  if (problems.failed) return { kind: "refused", unreadable: false, problems };
  return { kind: "arrived", secret: first! };
}

/** Finds the secret in a response of a control plane, which may hold others too. */
export function findInResponse(
  response: DiscoveryResponse,
  options: SecretReadOptions,
): SecretReading {
  const problems = new ProblemList();
  const { name } = options;
  const model = modelFor(new Source("", ""), problems, options);
  const secrets = secretsOf(response, model).filter(({ message }) => message.name === name);
  if (secrets.length > 1) problems.error(fileOnly(""), lengthText(name, secrets.length));
  if (problems.failed) return { kind: "refused", unreadable: false, problems };
  const [first] = secrets;
  return first === undefined ? { kind: "nothing" } : { kind: "arrived", secret: first };
}

/** What a message is checked with whose places are not known, or not wanted. */
export function modelFor(source: Source, problems: ProblemList, options: SecretReadOptions): Model {
  const { onUnknownField, warned } = options;
  return new Model({ problems, source, onUnknownField, warned });
}

function secretsOf(response: DiscoveryResponse, model: Model): ArrivedSecret[] {
  const secrets: ArrivedSecret[] = [];
  for (const any of response.resources) {
    const { message, version, bytes } = unwrap(any, response.versionInfo, model);
    if (message?.$typeName !== secretName) {
      const text = `${any.typeUrl} does not match the message-wide type URL ${secretTypeUrl} in DiscoveryResponse`;
      model.problems.error(model.origins.place(any, "@type"), text);
      continue;
    }
    const hash = createHash("sha256").update(bytes).digest("hex");
    secrets.push({ version, message: message as Secret, hash, model });
  }
  return secrets;
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

function lengthText(name: string, count: number): string {
  return (
    `Unexpected SDS secrets length for ${name}, number of added resources ${count}, ` +
    "number of removed resources 0. Expected sum is 1"
  );
}

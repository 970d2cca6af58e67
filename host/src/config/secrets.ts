import fs from "node:fs";
import type { Message } from "@bufbuild/protobuf";
import { closest } from "../common/closest.ts";
import type { ParseContext } from "../contracts/extension.ts";
import type { SecretKind, SecretMaterial, SecretRequest, SecretSlot } from "../contracts/secret.ts";
import { checkNode, parseConfigSource } from "./config-source.ts";
import type { ConfigContext } from "./context.ts";
import type { Found } from "./found.ts";
import type { WatchedDirectory } from "./gen/envoy/config/core/v3/base_pb.ts";
import type {
  SdsSecretConfig,
  Secret,
} from "./gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";

/** The field of `Secret` that holds each kind, Envoy's class for it in messages, and how it calls a static one. */
export const secretFields: {
  readonly [K in SecretKind]: {
    readonly field: NonNullable<Secret["type"]["case"]>;
    readonly protoField: string;
    readonly api: string;
    readonly unknown: string;
  };
} = {
  certificate: {
    field: "tlsCertificate",
    protoField: "tls_certificate",
    api: "TlsCertificateSdsApi",
    unknown: "Unknown static secret",
  },
  validation: {
    field: "validationContext",
    protoField: "validation_context",
    api: "CertificateValidationContextSdsApi",
    unknown: "Unknown static certificate validation context",
  },
  ticket_keys: {
    field: "sessionTicketKeys",
    protoField: "session_ticket_keys",
    api: "TlsSessionTicketKeysSdsApi",
    unknown: "Unknown tls session ticket keys",
  },
};

/** `static_resources.secrets`: each kind of secret has names of its own. */
export class StaticSecrets {
  readonly #secrets = new Map<string, Secret>();

  constructor(messages: readonly Secret[], context: ConfigContext) {
    for (const message of messages) {
      const { name, type } = message;
      if (type.case === undefined) {
        const kinds = Object.values(secretFields).map(({ protoField }) => protoField);
        context.problem(message, "", `the secret holds nothing; give it ${kinds.join(", ")}`);
        continue;
      }
      const key = `${type.case} ${name}`;
      if (this.#secrets.has(key)) {
        context.problem(message, "name", `there is a secret "${name}" of this kind already`);
      }
      this.#secrets.set(key, message);
    }
  }

  find(kind: SecretKind, name: string): Secret | undefined {
    return this.#secrets.get(`${secretFields[kind].field} ${name}`);
  }

  names(kind: SecretKind): string[] {
    const prefix = `${secretFields[kind].field} `;
    const keys = [...this.#secrets.keys()].filter((key) => key.startsWith(prefix));
    return keys.map((key) => key.slice(prefix.length));
  }
}

/** What `ParseContext.secret` does. */
export function findSecret<Value>(
  context: ConfigContext,
  found: Found,
  config: SdsSecretConfig,
  request: SecretRequest<Value>,
): SecretSlot<Value> | undefined {
  const { name, sdsConfig } = config;
  const { kind, variant } = request;
  if (sdsConfig === undefined) return staticSecret(context, found, config, request);
  checkNode(context, config, "sds_config", secretFields[kind].api);
  const source = parseConfigSource(context, sdsConfig);
  if (source === undefined) return undefined;
  const subscription = `${kind} ${name}@${source.key}`;
  const key = variant === "" ? subscription : `${subscription} ${variant}`;
  if (!found.secrets.some((secret) => secret.key === key)) {
    const parse = (message: Message, reading: ParseContext): SecretMaterial | undefined =>
      materialOf(kind, request.parse(message, reading));
    found.secrets.push({ key, subscription, kind, name, source, parse });
  }
  return { kind: "secret", key };
}

function staticSecret<Value>(
  context: ConfigContext,
  found: Found,
  config: SdsSecretConfig,
  request: SecretRequest<Value>,
): SecretSlot<Value> | undefined {
  const { kind } = request;
  const secret = context.staticSecrets?.find(kind, config.name);
  const directory = secret && watchedDirectoryOf(secret);
  if (secret !== undefined && directory !== undefined) {
    const parse = (reading: ParseContext): Value | undefined => request.parse(secret, reading);
    return watchFiles(context, found, directory, { kind, variant: request.variant, parse });
  }
  if (secret !== undefined) {
    const value = request.parse(secret, context);
    return value === undefined ? undefined : { kind: "fixed", value };
  }
  const { unknown, protoField } = secretFields[kind];
  const near = closest(config.name, context.staticSecrets?.names(kind) ?? []);
  const mend =
    near === undefined
      ? `add it to static_resources.secrets with ${protoField}, or say with sds_config where it comes from`
      : `did you mean "${near}"?`;
  context.problem(config, "name", `${unknown}: ${config.name}; ${mend}`);
  return undefined;
}

function watchedDirectoryOf({ type }: Secret): WatchedDirectory | undefined {
  const watches = type.case === "tlsCertificate" || type.case === "validationContext";
  return watches ? type.value.watchedDirectory : undefined;
}

/** What `ParseContext.watchedFiles` does. */
export function watchFiles<Value>(
  context: ConfigContext,
  found: Found,
  directory: WatchedDirectory,
  files: WatchedFilesRequest<Value>,
): SecretSlot<Value> | undefined {
  if (!fs.existsSync(directory.path)) {
    context.problem(directory, "path", `there is no directory '${directory.path}' to watch`);
  }
  const initial = files.parse(context);
  if (initial === undefined) return undefined;
  const { path } = context.model.origins.place(directory, "");
  const key = `${files.kind} files of ${path} ${files.variant}`;
  if (!found.watchedFiles.some((known) => known.key === key)) {
    found.watchedFiles.push({
      key,
      directory: directory.path,
      path,
      parse: (reading) => materialOf(files.kind, files.parse(reading)),
    });
  }
  return { kind: "secret", key, initial };
}

interface WatchedFilesRequest<Value> {
  readonly kind: SecretKind;
  readonly variant: string;
  parse(context: ParseContext): Value | undefined;
}

function materialOf(kind: SecretKind, value: unknown): SecretMaterial | undefined {
  return value === undefined ? undefined : ({ kind, value } as SecretMaterial);
}

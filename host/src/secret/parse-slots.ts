import type {
  CertificateValidationContext,
  TlsCertificate,
} from "../config/gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js";
import type { Secret } from "../config/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js";
import type {
  CommonTlsContext,
  DownstreamTlsContext,
} from "../config/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js";
import type { ParseContext } from "../contracts/extension.ts";
import type {
  CertificateConfig,
  SecretRequest,
  SecretSlot,
  TicketKeysConfig,
  ValidationConfig,
} from "../contracts/secret.ts";
import { ownTicketKeysSlot } from "./own-ticket-keys.ts";
import { parseCertificate } from "./parse-certificate.ts";
import { parseTicketKeys } from "./parse-ticket-keys.ts";
import { parseValidation } from "./parse-validation.ts";

/** The certificates of a TLS context of either side. Those that are wrong are reported, and left out. */
export function parseCertificateSlots(
  common: CommonTlsContext,
  context: ParseContext,
): SecretSlot<CertificateConfig>[] {
  const written = common.tlsCertificates;
  const secrets = common.tlsCertificateSdsSecretConfigs;
  if (written.length > 0 && secrets.length > 0) {
    const text = "SDS and non-SDS TLS certificates may not be mixed in server contexts";
    context.problem(common, "tls_certificate_sds_secret_configs", text);
  }
  return [
    ...written.map((message) => certificateSlot(message, context)),
    ...secrets.map((config) => context.secret(config, certificateRequest)),
  ].filter((slot) => slot !== undefined);
}

function certificateSlot(
  message: TlsCertificate,
  context: ParseContext,
): SecretSlot<CertificateConfig> | undefined {
  const { watchedDirectory } = message;
  if (watchedDirectory !== undefined) {
    return context.watchedFiles(watchedDirectory, "certificate", (reading) =>
      parseCertificate(message, "", reading),
    );
  }
  const value = parseCertificate(message, "", context);
  return value && { kind: "fixed", value };
}

/** What a TLS context of either side holds its peers against; undefined when there is nothing. */
export function parseValidationSlot(
  common: CommonTlsContext,
  context: ParseContext,
): SecretSlot<ValidationConfig> | undefined {
  const { case: kind, value } = common.validationContextType;
  switch (kind) {
    case "validationContext":
      return validationSlot(value, context);
    case "validationContextSdsSecretConfig":
      return context.secret(value, validationRequest(undefined, ""));
    case "combinedValidationContext": {
      const { defaultValidationContext, validationContextSdsSecretConfig } = value;
      // The rules say that both must be there.
      if (validationContextSdsSecretConfig === undefined) return undefined;
      const variant = `of ${context.pathOf(value)}`;
      const request = validationRequest(defaultValidationContext, variant);
      return context.secret(validationContextSdsSecretConfig, request);
    }
    case "validationContextCertificateProvider":
    case "validationContextCertificateProviderInstance":
    case undefined:
      // The first two are refused by their field classes.
      return undefined;
  }
}

function validationSlot(
  message: CertificateValidationContext,
  context: ParseContext,
): SecretSlot<ValidationConfig> {
  const { watchedDirectory } = message;
  const parse = (reading: ParseContext): ValidationConfig => parseValidation(message, "", reading);
  const watched = watchedDirectory && context.watchedFiles(watchedDirectory, "validation", parse);
  return watched ?? { kind: "fixed", value: parse(context) };
}

/** The keys that a server's session tickets are sealed with; undefined: there are no tickets. */
export function parseTicketKeysSlot(
  message: DownstreamTlsContext,
  context: ParseContext,
): SecretSlot<TicketKeysConfig> | undefined {
  const { case: kind, value } = message.sessionTicketKeysType;
  switch (kind) {
    case "sessionTicketKeys": {
      const keys = parseTicketKeys(value, context);
      return keys && { kind: "fixed", value: keys };
    }
    case "sessionTicketKeysSdsSecretConfig":
      return context.secret(value, ticketKeysRequest);
    case "disableStatelessSessionResumption":
      return value ? undefined : ownTicketKeysSlot();
    case undefined:
      return ownTicketKeysSlot();
  }
}

const certificateRequest: SecretRequest<CertificateConfig> = {
  kind: "certificate",
  variant: "",
  parse: (message, context) => {
    const { name, type } = message as Secret;
    if (type.case === "tlsCertificate") return parseCertificate(type.value, name, context);
    return otherKind(message as Secret, "tls_certificate", context);
  },
};

const ticketKeysRequest: SecretRequest<TicketKeysConfig> = {
  kind: "ticket_keys",
  variant: "",
  parse: (message, context) => {
    const { type } = message as Secret;
    if (type.case === "sessionTicketKeys") return parseTicketKeys(type.value, context);
    return otherKind(message as Secret, "session_ticket_keys", context);
  },
};

/** `base`: the default of a combined context, which the secret is merged over. */
function validationRequest(
  base: CertificateValidationContext | undefined,
  variant: string,
): SecretRequest<ValidationConfig> {
  return {
    kind: "validation",
    variant,
    parse: (message, context) => {
      const { name, type } = message as Secret;
      if (type.case !== "validationContext") {
        return otherKind(message as Secret, "validation_context", context);
      }
      const whole = base === undefined ? type.value : context.merged(base, type.value);
      return parseValidation(whole, name, context);
    },
  };
}

function otherKind(secret: Secret, expected: string, context: ParseContext): undefined {
  const { name, type } = secret;
  const found = type.case?.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const holds = found === undefined ? "nothing" : `a ${found}`;
  context.problem(secret, "", `the secret "${name}" holds ${holds}; expected a ${expected}`);
  return undefined;
}

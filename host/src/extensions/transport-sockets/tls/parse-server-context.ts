import { randomBytes } from "node:crypto";
import type { Message } from "@bufbuild/protobuf";
import type {
  CommonTlsContext,
  DownstreamTlsContext,
} from "../../../config/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js";
import type { ParseContext } from "../../../contracts/extension.ts";
import type { CertificateConfig, ServerTlsConfig } from "./context-config.ts";
import { parseCertificate } from "./parse-certificate.ts";
import { parseTlsParameters } from "./parse-parameters.ts";
import { parseValidation } from "./parse-validation.ts";
import { checkKeyTypes, ServerContexts } from "./server-contexts.ts";

/** Seals the tickets of all workers; sessions end with the process. */
const processTicketKey = new Uint8Array(randomBytes(48));

/** `DownstreamTlsContext` to plain data; what OpenSSL would refuse is reported here. */
export function parseServerContext(
  message: DownstreamTlsContext,
  context: ParseContext,
): ServerTlsConfig {
  const common = message.commonTlsContext;
  if (common === undefined || common.tlsCertificates.length === 0) {
    context.problem(
      common ?? message,
      common === undefined ? "common_tls_context" : "tls_certificates",
      "No TLS certificates found for server context",
    );
  }
  const tickets =
    message.sessionTicketKeysType.case !== "disableStatelessSessionResumption" ||
    !message.sessionTicketKeysType.value;
  const certificates = common === undefined ? [] : parseCertificates(common, context);
  const config: ServerTlsConfig = {
    certificates,
    alpnProtocols: [...(common?.alpnProtocols ?? [])],
    parameters: parseTlsParameters(common?.tlsParams, context),
    validation: common && parseValidation(common, context),
    requireClientCertificate: message.requireClientCertificate ?? false,
    requireSni: message.requireSni ?? false,
    ticketKey: tickets ? processTicketKey : undefined,
    sessionTimeoutSeconds: Math.floor(context.durationMs(message.sessionTimeout, 0) / 1000),
  };
  if (certificates.length > 0) tryOut(config, common!, context);
  return config;
}

function parseCertificates(common: CommonTlsContext, context: ParseContext): CertificateConfig[] {
  const certificates: CertificateConfig[] = [];
  for (const message of common.tlsCertificates) {
    const certificate = parseCertificate(message, context);
    if (certificate !== undefined) certificates.push(certificate);
  }
  if (!checkKeyTypes(certificates)) {
    const text =
      "certificates with keys of different kinds must all be for the same names; give the others a filter chain " +
      "of their own, with server_names";
    context.problem(common, "tls_certificates", text);
  }
  return certificates;
}

/** What was not found piece by piece: OpenSSL has the last word here, and not on the workers. */
function tryOut(config: ServerTlsConfig, owner: Message, context: ParseContext): void {
  try {
    new ServerContexts(config);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    context.problem(owner, "", `OpenSSL does not take this: ${message} (${code ?? "no code"})`);
  }
}

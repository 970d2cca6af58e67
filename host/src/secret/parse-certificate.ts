import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import { systemTime } from "../common/time/clock.ts";
import type { DataSource } from "../config/gen/envoy/config/core/v3/base_pb.js";
import type { TlsCertificate } from "../config/gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js";
import type { ParseContext } from "../contracts/extension.ts";
import type { CertificateConfig } from "../contracts/secret.ts";
import { subjectAltNames } from "../common/x509/subject-alt-names.ts";
import { parsedSubject } from "../common/x509/subject-name.ts";

/** A `TlsCertificate`, read and checked; undefined when it was reported. `secretName`: empty for none. Nothing of a key gets into a text. */
export function parseCertificate(
  message: TlsCertificate,
  secretName: string,
  context: ParseContext,
): CertificateConfig | undefined {
  const chain = required(message, "certificate_chain", message.certificateChain, context);
  const key = required(message, "private_key", message.privateKey, context);
  const password = context.dataSource(message.password, message, "password")?.toString();
  if (chain === undefined || key === undefined) return undefined;
  const from = sourceName(message.certificateChain);
  const certificate = readCertificate(chain);
  if (certificate === undefined) {
    context.problem(
      message,
      "certificate_chain",
      `Failed to load certificate chain from ${from}: it must begin with a certificate in PEM`,
    );
  }
  const keyObject = readKey(key, password);
  if (keyObject === undefined) {
    const hint =
      password === undefined ? "it must be a private key in PEM" : "is the password the right one?";
    const text = `Failed to load private key from ${sourceName(message.privateKey)}: ${hint}`;
    context.problem(message, "private_key", text);
  }
  if (certificate === undefined || keyObject === undefined) return undefined;
  if (!certificate.checkPrivateKey(keyObject)) {
    const text = `Failed to load private key from ${sourceName(message.privateKey)}: it is not the key of the certificate from ${from}`;
    context.problem(message, "private_key", text);
    return undefined;
  }
  warnOfDates(message, certificate, context);
  return {
    chain,
    key,
    password,
    keyType: keyObject.asymmetricKeyType ?? "",
    names: certificateNames(certificate),
    origin: { secretName, path: from, expiresMs: certificate.validToDate.getTime() },
  };
}

function required(
  message: TlsCertificate,
  field: string,
  source: DataSource | undefined,
  context: ParseContext,
): string | undefined {
  if (source !== undefined) return context.dataSource(source, message, field)?.toString("latin1");
  context.problem(message, field, `a TLS certificate needs a ${field}`);
  return undefined;
}

function warnOfDates(
  message: TlsCertificate,
  certificate: X509Certificate,
  context: ParseContext,
): void {
  const now = systemTime.systemMs();
  const warn = (text: string): void => context.warning(message, "certificate_chain", text);
  if (certificate.validToDate.getTime() < now) {
    warn(`the certificate has expired (${certificate.validTo}); clients will refuse it`);
  } else if (certificate.validFromDate.getTime() > now) {
    warn(`the certificate is not valid before ${certificate.validFrom}; clients will refuse it`);
  }
}

/** For choosing by server name: the DNS names, and only without any of them the common name (RFC 6125 6.4.4). */
function certificateNames(certificate: X509Certificate): string[] {
  const { dns } = subjectAltNames(certificate);
  const names = dns.length > 0 ? dns : [parsedSubject(certificate.subject).commonName];
  return names.filter((name) => name !== "").map((name) => name.toLowerCase());
}

/** How messages name where something came from. */
export function sourceName(source: DataSource | undefined): string {
  return source?.specifier.case === "filename" ? source.specifier.value : "<inline>";
}

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function readKey(pem: string, password: string | undefined): KeyObject | undefined {
  try {
    return createPrivateKey(
      password === undefined ? { key: pem } : { key: pem, passphrase: password },
    );
  } catch {
    return undefined;
  }
}

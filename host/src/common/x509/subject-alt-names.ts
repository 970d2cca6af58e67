import type { X509Certificate } from "node:crypto";

/** The subject alternative names of a certificate by kind (RFC 5280 section 4.2.1.6). */
export interface SubjectAltNames {
  readonly dns: readonly string[];
  readonly uri: readonly string[];
  readonly email: readonly string[];
  readonly ip: readonly string[];
}

/** Node's form is `DNS:a, URI:"with, comma"`: what could be taken for a separator is written as a JSON string. */
export function subjectAltNames(certificate: X509Certificate): SubjectAltNames {
  const names = {
    dns: [] as string[],
    uri: [] as string[],
    email: [] as string[],
    ip: [] as string[],
  };
  const text = certificate.subjectAltName ?? "";
  for (const [, kind, quoted, bare] of text.matchAll(entry)) {
    const name = quoted === undefined ? bare! : unquoted(quoted);
    if (kind === "DNS") names.dns.push(name);
    else if (kind === "URI") names.uri.push(name);
    else if (kind === "email") names.email.push(name);
    else if (kind === "IP Address") names.ip.push(name);
  }
  return names;
}

const entry = /(?:^|, )([A-Za-z0-9 ]+):(?:("(?:[^"\\]|\\.)*")|((?:(?!, [A-Za-z0-9 ]+:).)*))/gs;

function unquoted(text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    return text.slice(1, -1);
  }
}

import type { X509Certificate } from "node:crypto";

/** The subject alternative names of a certificate by kind (RFC 5280 section 4.2.1.6). */
export interface SubjectAltNames {
  readonly dns: readonly string[];
  readonly uri: readonly string[];
  readonly email: readonly string[];
  readonly ip: readonly string[];
  /** All of these, in the order of the certificate. */
  readonly all: readonly string[];
}

/** Node's form is `DNS:a, URI:"with, comma"`: what could be taken for a separator is written as a JSON string. */
export function subjectAltNames(certificate: X509Certificate): SubjectAltNames {
  const names = {
    dns: [] as string[],
    uri: [] as string[],
    email: [] as string[],
    ip: [] as string[],
    all: [] as string[],
  };
  const text = certificate.subjectAltName ?? "";
  for (const [, kind, quoted, bare] of text.matchAll(entry)) {
    const name = quoted === undefined ? bare! : unquoted(quoted);
    const known = kinds[kind!];
    if (known === undefined) continue;
    names[known].push(name);
    names.all.push(name);
  }
  return names;
}

/** Node's names of the kinds. */
const kinds: { readonly [kind: string]: "dns" | "uri" | "email" | "ip" } = {
  DNS: "dns",
  URI: "uri",
  email: "email",
  "IP Address": "ip",
};

const entry = /(?:^|, )([A-Za-z0-9 ]+):(?:("(?:[^"\\]|\\.)*")|((?:(?!, [A-Za-z0-9 ]+:).)*))/gs;

function unquoted(text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    return text.slice(1, -1);
  }
}

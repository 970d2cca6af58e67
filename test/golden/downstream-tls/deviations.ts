import type { ListenerOutcome } from "./run-cases.ts";

/** What Envoy did on the listener `name`, with what is otherwise here. */
export function asHere(name: string, outcome: ListenerOutcome): ListenerOutcome {
  // Of the ciphers of TLS 1.3 OpenSSL takes the server's order, and BoringSSL the client's.
  const text = JSON.stringify(outcome).replaceAll(
    "TLS_AES_256_GCM_SHA384",
    "TLS_AES_128_GCM_SHA256",
  );
  const here = JSON.parse(text) as ListenerOutcome;
  return { ...here, ...others[name]?.(here) };
}

type Change = (outcome: ListenerOutcome) => Partial<ListenerOutcome>;

const others: { readonly [name: string]: Change } = {
  // What is no TLS gets other words from OpenSSL, and no alert.
  "serves anyone": ({ clients, log }) => ({
    clients: { ...clients, "HTTP/2 in plain text": { answer: "" } },
    log: log
      .map((line) => line.replace("268435699:SSL_routines:OPENSSL_internal:WRONG_CURVE", noCipher))
      .map((line) =>
        line.replace("268435606:SSL_routines:OPENSSL_internal:EXCESSIVE_MESSAGE_SIZE", unexpected),
      )
      .sort(),
  }),
  // Envoy has the field, and does nothing with it.
  "requires a server name": ({ clients, log, stats }) => ({
    clients: { ...clients, "no server name": { answer: "" } },
    log: [
      "connection - -",
      "connection - TLS_error:|SSL_routines:OPENSSL_internal:NO_SERVER_NAME:TLS_error_end",
      ...log.filter((line) => line.startsWith("request") && line.includes("TLSv1.3")),
    ],
    stats: {
      ...Object.fromEntries(Object.entries(stats).filter(([stat]) => !/ECDHE|TLSv1\.2/.test(stat))),
      "http.downstream_rq_total": 1,
      "listener.ssl.connection_error": 1,
      "listener.ssl.handshake": 1,
      "listener.ssl.no_certificate": 1,
    },
  }),
  // The client is told with GOAWAY.
  "is plain and speaks HTTP/2 only": () => ({ clients: { "HTTP/1": { answer: "bytes" } } }),
};

const noCipher = "268435640:SSL_routines:OPENSSL_internal:NO_SHARED_CIPHER";
const unexpected = "268435679:SSL_routines:OPENSSL_internal:UNEXPECTED_MESSAGE";

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { chainDetail } from "../../../../../host/src/extensions/transport-sockets/tls/chain-detail.ts";
import {
  systemErrorText,
  tlsErrorText,
  tlsReason,
} from "../../../../../host/src/extensions/transport-sockets/tls/tls-error.ts";
import { tlsText } from "../../../../support/tls.ts";

const peer = (name: string): X509Certificate => new X509Certificate(tlsText(`${name}-cert.pem`));
const error = (code: string, message: string) => Object.assign(new Error(message), { code });
const begin = "verify cert failed: X509_verify_cert: certificate verification error";

test("chainDetail() says at which certificate it was when that is known", () => {
  assert.equal(
    chainDetail(error("CERT_HAS_EXPIRED", "certificate has expired"), peer("expired"), 1),
    `${begin} at depth 0: certificate has expired`,
  );
  // Another of the chain has.
  assert.equal(
    chainDetail(error("CERT_HAS_EXPIRED", "certificate has expired"), peer("server"), 1),
    `${begin}: certificate has expired`,
  );
  assert.equal(
    chainDetail(error("UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "unable to get"), peer("server"), 1),
    `${begin} at depth 1: unable to get local issuer certificate`,
  );
  const text = "self-signed certificate in certificate chain";
  assert.equal(
    chainDetail(error("SELF_SIGNED_CERT_IN_CHAIN", text), peer("server"), 1),
    `${begin} at depth 1: self signed certificate in certificate chain`,
  );
});

test("tlsErrorText() has Envoy's form", () => {
  const reason = tlsReason(Object.assign(new Error(), { reason: "wrong version number" }));
  assert.equal(
    tlsErrorText(reason),
    "TLS_error:|268435703:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end",
  );
  assert.equal(
    tlsErrorText("SOMETHING_NEW", "detail"),
    "TLS_error:|SSL routines:OPENSSL_internal:SOMETHING_NEW:detail:TLS_error_end",
  );
  assert.equal(tlsErrorText(""), "");
});

test("systemErrorText() speaks of resets only", () => {
  const reset = Object.assign(new Error(), { code: "ECONNRESET", errno: -104 });
  assert.match(systemErrorText(reset), /\|33554536:system library:.*Connection reset by peer/);
  assert.equal(systemErrorText(Object.assign(new Error(), { code: "EPIPE", errno: -32 })), "");
});

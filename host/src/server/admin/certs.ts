import { subjectAltNames } from "../../common/x509/subject-alt-names.ts";
import { jsonText } from "../../config/print-json.ts";
import type { JsonValue } from "../../contracts/stream-info.ts";
import { daysUntil, type ShownCertificate } from "../certificates.ts";
import type { AdminDeps } from "./admin-deps.ts";
import { type AdminRequest, type AdminResponse, jsonResponse } from "./admin-request.ts";

/** `/certs`: the certificates of all TLS contexts (`envoy.admin.v3.Certificates`). */
export function certsPage(_request: AdminRequest, deps: AdminDeps): AdminResponse {
  const nowMs = deps.time.systemMs();
  const print = (shown: ShownCertificate): JsonValue => certificateJson(shown, nowMs);
  const certificates = deps.certificates().map(({ authorities, chains }) => ({
    ca_cert: authorities.map(print),
    cert_chain: chains.map(print),
  }));
  return jsonResponse(`${jsonText({ certificates })}\n`);
}

function certificateJson({ certificate, path }: ShownCertificate, nowMs: number): JsonValue {
  const names = subjectAltNames(certificate);
  return {
    path,
    serial_number: certificate.serialNumber.toLowerCase(),
    subject_alt_names: [
      ...names.dns.map((dns) => ({ dns })),
      ...names.uri.map((uri) => ({ uri })),
      ...names.ip.map((ip) => ({ ip_address: ip })),
    ],
    days_until_expiration: String(daysUntil(certificate.validToDate.getTime(), nowMs)),
    valid_from: seconds(certificate.validFromDate),
    expiration_time: seconds(certificate.validToDate),
  };
}

/** As protobuf prints a `Timestamp` without a fraction. */
function seconds(date: Date): string {
  return date.toISOString().replace(".000Z", "Z");
}

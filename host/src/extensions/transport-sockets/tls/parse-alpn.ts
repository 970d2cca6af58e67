import type { CommonTlsContext } from "../../../config/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js";
import type { ParseContext } from "../../../contracts/extension.ts";

/** A name of a protocol has its length in one byte (RFC 7301 section 3.1). */
const nameBytesMax = 255;

/** `alpn_protocols`, in the order of preference. */
export function parseAlpnProtocols(
  common: CommonTlsContext | undefined,
  context: ParseContext,
): string[] {
  const protocols: string[] = [];
  for (const [index, name] of (common?.alpnProtocols ?? []).entries()) {
    const bytes = Buffer.byteLength(name);
    if (bytes > 0 && bytes <= nameBytesMax) {
      protocols.push(name);
      continue;
    }
    const text = `Invalid ALPN protocol string: a name has 1 to ${nameBytesMax} bytes, and this has ${bytes}`;
    context.problem(common!, `alpn_protocols[${index}]`, text);
  }
  return protocols;
}

import type { TlsSessionTicketKeys } from "../config/gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js";
import type { ParseContext } from "../contracts/extension.ts";
import type { TicketKeysConfig } from "../contracts/secret.ts";

const keyLength = 80;

/** `TlsSessionTicketKeys`, read and checked; undefined when something was reported. No key gets into a text. */
export function parseTicketKeys(
  message: TlsSessionTicketKeys,
  context: ParseContext,
): TicketKeysConfig | undefined {
  const keys: Uint8Array[] = [];
  for (const [index, source] of message.keys.entries()) {
    const field = `keys[${index}]`;
    const key = context.dataSource(source, message, field);
    if (key === undefined) continue;
    if (key.length === keyLength) keys.push(new Uint8Array(key));
    else {
      const text = `Incorrect TLS session ticket key length. Length ${key.length}, expected length ${keyLength}.`;
      context.problem(message, field, text);
    }
  }
  return keys.length > 0 && keys.length === message.keys.length ? keys : undefined;
}

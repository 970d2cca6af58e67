import type { Message } from "@bufbuild/protobuf";
import { canonicalIp } from "../common/address.ts";
import { maskedIp } from "../common/masked-ip.ts";
import type { CidrRange as CidrRangeMessage } from "../config/gen/envoy/config/core/v3/address_pb.js";
import type {
  Address as AddressMessage,
  Pipe,
  SocketAddress,
} from "../config/gen/envoy/config/core/v3/address_pb.js";
import type { Address } from "../contracts/address.ts";
import type { CidrRange } from "../contracts/config/snapshot.ts";
import type { ParseContext } from "../contracts/extension.ts";

/** What `sockaddr_un` has room for, with its final NUL. */
const pipePathBytesMax = 108;
const udp = 1;

/** An address to listen on; reports what cannot be one. */
export function parseListenAddress(
  message: AddressMessage,
  context: ParseContext,
): Address | undefined {
  switch (message.address.case) {
    case "socketAddress":
      return parseSocketAddress(message.address.value, context);
    case "pipe":
      return parsePipe(message.address.value, context);
    case "envoyInternalAddress":
      context.problem(
        message,
        "envoy_internal_address",
        "internal listeners are not supported; use socket_address or pipe",
      );
      return undefined;
    case undefined:
    default:
      return undefined;
  }
}

function parseSocketAddress(message: SocketAddress, context: ParseContext): Address | undefined {
  if ((message.protocol as number) === udp) {
    context.problem(message, "protocol", "UDP listeners are not supported; use TCP");
  }
  if (message.portSpecifier.case === "namedPort") {
    context.problem(message, "named_port", "a listener needs a number; use port_value");
  }
  const ip = canonicalIp(message.address);
  if (ip === undefined) {
    context.problem(
      message,
      "address",
      `malformed IP address: ${message.address} (a listener needs an IP address, not a name)`,
    );
    return undefined;
  }
  const port = message.portSpecifier.case === "portValue" ? message.portSpecifier.value : 0;
  return { kind: "ip", ...ip, port, ...(message.ipv4Compat && { ipv4Compat: true }) };
}

function parsePipe(message: Pipe, context: ParseContext): Address {
  const abstract = message.path.startsWith("@");
  if (Buffer.byteLength(message.path) + (abstract ? 0 : 1) > pipePathBytesMax) {
    context.problem(
      message,
      "path",
      `Path "${message.path}" exceeds maximum UNIX domain socket path size of ${pipePathBytesMax}.`,
    );
  }
  if (abstract && message.mode !== 0) {
    context.problem(message, "mode", "an abstract socket has no file mode; remove mode");
  }
  return { kind: "pipe", path: message.path, mode: message.mode };
}

/** IP ranges; reports addresses that are none. Bits behind the prefix are cleared, too long a prefix is cut. */
export function parseCidrRanges(
  messages: readonly CidrRangeMessage[],
  owner: Message,
  field: string,
  context: ParseContext,
): CidrRange[] {
  const ranges: CidrRange[] = [];
  for (const [index, message] of messages.entries()) {
    const ip = canonicalIp(message.addressPrefix);
    if (ip === undefined) {
      context.problem(
        owner,
        `${field}[${index}]`,
        `malformed IP address: ${message.addressPrefix}`,
      );
      continue;
    }
    const prefixLength = Math.min(message.prefixLen ?? 0, ip.family === 4 ? 32 : 128);
    ranges.push({ ip: maskedIp(ip.ip, ip.family, prefixLength), family: ip.family, prefixLength });
  }
  return ranges;
}

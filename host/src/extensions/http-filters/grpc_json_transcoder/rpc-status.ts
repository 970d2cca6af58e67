import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { type Any, AnySchema } from "@bufbuild/protobuf/wkt";
import { HeaderId } from "../../../common/headers/header-id.ts";
import { percentDecode } from "../../../common/percent-decode.ts";
import type { HeaderMap } from "../../../contracts/headers.ts";

export const statusDetailsName = "grpc-status-details-bin";

/** `google.rpc.Status`: int32 code = 1, string message = 2, repeated Any details = 3. */
export interface RpcStatus {
  readonly code: number;
  readonly message: string;
  readonly details: readonly Any[];
}

/** The status as the server describes it, or what `grpc-status` and `grpc-message` make of it. */
export function rpcStatusOf(code: number, headers: HeaderMap): RpcStatus {
  const encoded = headers.get(statusDetailsName);
  const described = encoded === undefined ? undefined : readStatus(encoded);
  if (described !== undefined) return described;
  const bytes = percentDecode(headers.getId(HeaderId.GrpcMessage) ?? "");
  return { code, message: Buffer.from(bytes, "latin1").toString("utf8"), details: [] };
}

/** Undefined when it is none. */
function readStatus(base64: string): RpcStatus | undefined {
  const status = { code: 0, message: "", details: [] as Any[] };
  try {
    const reader = new BinaryReader(Buffer.from(base64, "base64"));
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      if (field === 1 && type === WireType.Varint) status.code = reader.int32();
      else if (field === 2 && type === WireType.LengthDelimited) status.message = reader.string();
      else if (field === 3 && type === WireType.LengthDelimited) {
        status.details.push(fromBinary(AnySchema, reader.bytes()));
      } else reader.skip(type, field);
    }
  } catch {
    return undefined;
  }
  return status;
}

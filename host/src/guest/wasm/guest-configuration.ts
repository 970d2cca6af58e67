import type { Message } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import type { ParseContext } from "../../contracts/extension.ts";

/** What the guest gets: the text or bytes of a StringValue or BytesValue, the encoded message of any other type. */
export function configurationBytes(
  any: Any | undefined,
  owner: Message,
  context: ParseContext,
): Uint8Array {
  if (any === undefined) return new Uint8Array(0);
  const type = any.typeUrl.slice(any.typeUrl.lastIndexOf("/") + 1);
  if (type !== "google.protobuf.StringValue" && type !== "google.protobuf.BytesValue") {
    return Uint8Array.from(any.value);
  }
  const message = context.unpack(any, owner, "configuration");
  const value = (message as { readonly value?: string | Uint8Array } | undefined)?.value;
  // Arrays of their own: what travels to the workers is the whole buffer under them.
  return typeof value === "string" ? new TextEncoder().encode(value) : Uint8Array.from(value ?? []);
}

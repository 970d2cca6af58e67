import type { Message } from "@bufbuild/protobuf";
import type { HttpStatus } from "../../../config/gen/envoy/type/v3/http_status_pb.js";
import type { ParseContext } from "../../../contracts/extension.ts";

/** `status_on_error`: what a request is answered with when the service cannot be asked. */
export function parseStatusOnError(
  message: Message & { readonly statusOnError?: HttpStatus | undefined },
  initial: number,
  context: ParseContext,
): number {
  const code = message.statusOnError?.code ?? initial;
  if (code < 200)
    context.problem(message, "status_on_error", "must be 200 or more: it ends the response");
  return code;
}

import { deflateSync, inflateSync } from "node:zlib";
import {
  STATUS_BAD_ARGUMENT,
  STATUS_NOT_FOUND,
  STATUS_OK,
  STATUS_SERIALIZATION_FAILURE,
} from "@sluice/abi";
import type { Context } from "../context.ts";
import type { StateSpan } from "../filter-state.ts";
import { bytesField, numberField, readProto } from "./proto-fields.ts";
import { signText, verifySignature } from "./signature.ts";

/** Bytes that a foreign function takes, and that `uncompress` gives. */
export const foreignBytesMax = 4 * 1024 * 1024;

export interface ForeignResult {
  readonly status: number;
  /** Absent: the function gives nothing. */
  readonly bytes?: Uint8Array;
}

type ForeignFunction = (context: Context, args: Uint8Array) => ForeignResult;

const functions: { readonly [name: string]: ForeignFunction } = {
  compress: (_context, args) => ({ status: STATUS_OK, bytes: deflateSync(args) }),
  uncompress: (_context, args) => uncompress(args),
  clear_route_cache: (context) => {
    context.clearRouteCache();
    return { status: STATUS_OK };
  },
  declare_property: declareProperty,
  verify_signature: (_context, args) => verifySignature(args),
  sign: (_context, args) => signText(args),
};

/** The foreign function of this name, on the context whose callback is running; NotFound when there is none. */
export function callForeign(context: Context, name: string, args: Uint8Array): ForeignResult {
  const run = Object.hasOwn(functions, name) ? functions[name] : undefined;
  return run === undefined ? { status: STATUS_NOT_FOUND } : run(context, args);
}

function uncompress(args: Uint8Array): ForeignResult {
  try {
    return { status: STATUS_OK, bytes: inflateSync(args, { maxOutputLength: foreignBytesMax }) };
  } catch {
    return { status: STATUS_SERIALIZATION_FAILURE };
  }
}

const protobufType = 3;
const spans: readonly StateSpan[] = ["filter_chain", "request", "connection"];

/** `DeclarePropertyArguments`: how `proxy_set_property` of this plugin makes the property. */
function declareProperty(context: Context, args: Uint8Array): ForeignResult {
  const fields = readProto(args);
  const span = fields === undefined ? undefined : spans[numberField(fields, 5)];
  if (fields === undefined || span === undefined || numberField(fields, 3) > protobufType) {
    return { status: STATUS_BAD_ARGUMENT };
  }
  const name = Buffer.from(bytesField(fields, 1)).toString("latin1");
  const prototype = { readOnly: numberField(fields, 2) !== 0, span };
  // Only roots keep declarations: elsewhere nothing would ever ask for them, as in Envoy.
  if (context.root?.declareProperty(name, prototype, context) === false) {
    return { status: STATUS_BAD_ARGUMENT };
  }
  return { status: STATUS_OK };
}

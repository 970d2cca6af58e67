import { deflateSync, inflateSync } from "node:zlib";
import { STATUS_BAD_ARGUMENT, STATUS_OK, STATUS_SERIALIZATION_FAILURE } from "@sluice/abi";
import { advise, suggestion } from "../advice.ts";
import type { Context } from "../context.ts";
import { declareProperty, setFilterStateObject, type StateSpan } from "../filter-state.ts";
import { Expressions } from "./expressions.ts";
import { bytesField, numberField, readProto } from "./proto-fields.ts";
import { signText, verifySignature } from "./signature.ts";

/** Bytes that a foreign function takes, and that `uncompress` gives. */
const foreignBytesMax = 4 * 1024 * 1024;

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
  declare_property: declare,
  set_envoy_filter_state: setEnvoyFilterState,
  expr_create: (context, args) => expressionsOf(context).create(context, args),
  expr_evaluate: (context, args) => expressionsOf(context).evaluate(context, args),
  expr_delete: (context, args) => expressionsOf(context).delete(args),
  verify_signature: (_context, args) => verifySignature(args),
  sign: (_context, args) => signText(args),
};

/** The foreign function of this name, on the context whose callback is running; undefined when there is none. */
export function callForeign(
  context: Context,
  name: string,
  args: Uint8Array,
): ForeignResult | undefined {
  const run = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (run !== undefined) return run(context, args);
  advise(context.vm, `function ${name}`, () => {
    const shown = JSON.stringify(name.slice(0, 100));
    return `there is no foreign function ${shown}${suggestion(name, Object.keys(functions))}`;
  });
  return undefined;
}

const byRoot = new WeakMap<Context, Expressions>();

/** Those of the plugin; all of its streams may evaluate them. */
function expressionsOf(context: Context): Expressions {
  const owner = context.root ?? context;
  const known = byRoot.get(owner) ?? new Expressions();
  byRoot.set(owner, known);
  return known;
}

function uncompress(args: Uint8Array): ForeignResult {
  try {
    return { status: STATUS_OK, bytes: inflateSync(args, { maxOutputLength: foreignBytesMax }) };
  } catch {
    return { status: STATUS_SERIALIZATION_FAILURE };
  }
}

/** `LifeSpan` by number; any other is the first. */
const spans: readonly StateSpan[] = ["filter_chain", "request", "connection"];

/** `SetEnvoyFilterStateArguments`: path, value, span. */
function setEnvoyFilterState(context: Context, args: Uint8Array): ForeignResult {
  const fields = readProto(args);
  if (fields === undefined) return { status: STATUS_BAD_ARGUMENT };
  const text = (number: number): string => Buffer.from(bytesField(fields, number)).toString();
  const span = spans[numberField(fields, 3)] ?? "filter_chain";
  return { status: setFilterStateObject(context, text(1), text(2), span) };
}

/** `DeclarePropertyArguments`: how `proxy_set_property` of this plugin makes the property. */
function declare(context: Context, args: Uint8Array): ForeignResult {
  const fields = readProto(args);
  if (fields === undefined) return { status: STATUS_BAD_ARGUMENT };
  const span = spans[numberField(fields, 5)] ?? "filter_chain";
  const name = Buffer.from(bytesField(fields, 1)).toString("latin1");
  const prototype = { readOnly: numberField(fields, 2) !== 0, span };
  const declared = declareProperty(context, name, prototype);
  return { status: declared ? STATUS_OK : STATUS_BAD_ARGUMENT };
}

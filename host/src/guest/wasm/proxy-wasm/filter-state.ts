import { STATUS_BAD_ARGUMENT, STATUS_NOT_FOUND, STATUS_OK } from "@sluice/abi";
import {
  CompoundState,
  filterStateObject,
  hasFilterStateFactory,
} from "../../../common/filter-state-objects.ts";
import { byteText, integer, type PartedValue, type Value } from "./attributes/value.ts";
import type { Context } from "./context.ts";

/** How long a property lives: with the stream, or with its connection. */
export type StateSpan = "filter_chain" | "request" | "connection";

/** How `proxy_set_property` makes a property that does not exist. */
export interface PropertyPrototype {
  /** It is set once. */
  readonly readOnly: boolean;
  readonly span: StateSpan;
}

/** Of properties that nobody declared. */
const plain: PropertyPrototype = { readOnly: false, span: "filter_chain" };
/** Properties that one context may declare. */
const declarationsMax = 1024;
const declarations = new WeakMap<Context, Map<string, PropertyPrototype>>();

const readOnlyValues = new WeakSet<Uint8Array>();

/** What stands before the names of properties in the filter state. */
const prefix = "wasm.";

/** `declare_property`: false when `context` has declared it before, or too many. What roots declare counts for streams. */
export function declareProperty(
  context: Context,
  name: string,
  prototype: PropertyPrototype,
): boolean {
  const own = declarations.get(context) ?? new Map<string, PropertyPrototype>();
  declarations.set(context, own);
  if (own.has(name) || own.size >= declarationsMax) return false;
  own.set(name, prototype);
  return true;
}

function prototypeOf({ root }: Context, name: string): PropertyPrototype {
  return (root && declarations.get(root)?.get(name)) ?? plain;
}

/** `proxy_set_property`: a value of bytes in the filter state, under `wasm.<path>`. */
export function setProperty(context: Context, path: string, value: Uint8Array): number {
  const own = context.streamInfo?.filterState;
  if (own === undefined) return STATUS_NOT_FOUND;
  const key = prefix + path;
  const known = own.get(key);
  if (known instanceof Uint8Array && readOnlyValues.has(known)) return STATUS_BAD_ARGUMENT;
  const prototype = prototypeOf(context, path);
  const state = prototype.span === "connection" ? (context.connectionState ?? own) : own;
  if (prototype.readOnly) readOnlyValues.add(value);
  state.set(key, value);
  return STATUS_OK;
}

/** The property that some module of the stream has set, by the name that it gave. */
export function stateProperty(context: Context, name: string): Value | undefined {
  return stateValue(context.streamInfo?.filterState.get(prefix + name));
}

/** The fields of an object of Envoy's; asked for as a whole, it is a map without entries. */
class StateFields implements PartedValue {
  readonly #object: CompoundState;

  constructor(object: CompoundState) {
    this.#object = object;
  }

  part(name: string): Value | undefined {
    const field = this.#object.field(name);
    return typeof field === "number" ? integer(field) : field;
  }

  encode(): Uint8Array {
    return new Uint8Array(4);
  }

  plain(): { readonly [key: string]: Value } {
    return {};
  }
}

/** What filters keep in the filter state: scalars as text, bytes; objects of their own are nothing to guests. */
export function stateValue(value: unknown): Value | undefined {
  if (typeof value === "string") return byteText(value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (value instanceof CompoundState) return value.fields && new StateFields(value);
  return value instanceof Uint8Array ? value : undefined;
}

/** `set_envoy_filter_state`: an object that Envoy has a factory for, made of a text. */
export function setFilterStateObject(
  context: Context,
  name: string,
  text: string,
  span: StateSpan,
): number {
  const own = context.streamInfo?.filterState;
  if (own === undefined || !hasFilterStateFactory(name)) return STATUS_NOT_FOUND;
  const object = filterStateObject(name, text);
  if (object === undefined) return STATUS_BAD_ARGUMENT;
  const state = span === "connection" ? (context.connectionState ?? own) : own;
  state.set(name, object);
  return STATUS_OK;
}

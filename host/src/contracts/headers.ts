/**
 * A header map as HTTP filters see it: ordered, several values per name allowed, names in lower case,
 * every value a *latin1* string (one character per byte on the wire). Pseudo headers (`:method`, `:path`,
 * `:authority`, `:scheme`, `:status`) are ordinary entries and stand first.
 *
 * Names given to the methods must already be lower case. `id` arguments are the numbers of
 * `common/headers/header-id.ts`: a well-known name is looked up by number on the hot path.
 */
export interface HeaderMap {
  /** Number of entries. */
  readonly size: number;
  /** Bytes of all names and values, as Envoy counts `byteSize()`. */
  readonly byteSize: number;
  /**
   * True as long as every name and value that was put in can stand on the wire. Once false it stays false until
   * `clear()`: encoders then look at each entry, and for maps straight from a parser they need not.
   */
  readonly wireSafe: boolean;
  /**
   * Of a response: what HTTP/1 says behind the status in place of the usual words; empty: those. Whoever sets it
   * sees to it that it can stand on the wire.
   */
  reasonPhrase: string;
  /** The first value of `name`. */
  get(name: string): string | undefined;
  /** The first value of the well-known name `id`. Constant time when the name is absent. */
  getId(id: number): string | undefined;
  /** The first value of `name`. */
  getNamed(name: FieldName): string | undefined;
  /** All values of `name`, in order. */
  getAll(name: string): string[];
  /** All values of `name` joined with `,`; `undefined` when absent. */
  getJoined(name: string): string | undefined;
  getNamedJoined(name: FieldName): string | undefined;
  has(name: string): boolean;
  hasId(id: number): boolean;
  /** True when any of the well-known names whose bits are set in `mask` (see `idMask`) is present. */
  hasAny(mask: HeaderIdMask): boolean;
  /** Adds an entry, whether or not the name is there. */
  add(name: string, value: string): void;
  addId(id: number, value: string): void;
  /** `addId` for a value that certainly can stand on the wire, because of where it comes from: it is not looked at. */
  addIdUnchecked(id: number, value: string): void;
  /** `add` for a name and a value that whoever read them has found fit for the wire: they are not looked at. */
  addNamed(name: FieldName, value: string): void;
  /** Puts `value` in the place of the first entry of `name` and removes the others; adds when absent. */
  set(name: string, value: string): void;
  setId(id: number, value: string): void;
  /** Joins `value` onto the first entry of `name` with `,`; adds when absent. */
  append(name: string, value: string): void;
  /** Removes every entry of `name`; returns how many there were. */
  remove(name: string): number;
  removeId(id: number): number;
  removeNamed(name: FieldName): number;
  /** Removes every entry for which `predicate` is true. */
  removeIf(predicate: (name: string, value: string) => boolean): void;
  /** The name of entry `index`, `0 <= index < size`. */
  nameAt(index: number): string;
  valueAt(index: number): string;
  /** The well-known number of entry `index`; 0 when it has none. */
  idAt(index: number): number;
  /** Replaces the value of entry `index`. */
  setValueAt(index: number, value: string): void;
  /** A copy that shares nothing. */
  clone(): HeaderMap;
  clear(): void;
}

/** A name whose well-known number has been looked up. */
export interface FieldName {
  /** In lower case. */
  readonly text: string;
  /** The well-known number; 0 when it has none. */
  readonly id: number;
}

/** A set of well-known names: bits of ids 1–31 in `low`, 32–62 in `high`. */
export interface HeaderIdMask {
  readonly low: number;
  readonly high: number;
}

/** Request headers (`:method`, `:authority`, `:path`, `:scheme` first). */
export type RequestHeaderMap = HeaderMap;
/** Response headers (`:status` first). */
export type ResponseHeaderMap = HeaderMap;
/** Trailers of either direction. */
export type TrailerMap = HeaderMap;

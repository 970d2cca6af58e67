import type { HeaderName } from "../../../../common/headers/header-name.ts";

/** What is wrong with a field that is well coded; 0: nothing (RFC 9113 section 8.2.1). */
export const FieldFault = {
  None: 0,
  /** Not a token in lower case. */
  Name: 1,
  /** NUL, CR, LF or another control character, or a blank at an end. */
  Value: 2,
  /** Larger than the limit for one field. */
  Size: 4,
} as const;

/** What every entry of a table costs besides its bytes (RFC 7541 section 4.1). */
export const entryOverhead = 32;

/** A field as HPACK knows it; checked once, however often it is referred to. */
export class HpackField {
  name: HeaderName;
  value: string;
  /** Bits of `FieldFault`. */
  fault: number;
  /** The value holds bytes above 0x7f. */
  obsText: boolean;

  constructor(name: HeaderName, value: string, fault: number, obsText: boolean) {
    this.name = name;
    this.value = value;
    this.fault = fault;
    this.obsText = obsText;
  }

  /** RFC 7541 section 4.1. */
  get size(): number {
    return this.name.text.length + this.value.length + entryOverhead;
  }
}

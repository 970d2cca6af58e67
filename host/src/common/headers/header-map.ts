import type { FieldName, HeaderIdMask, HeaderMap } from "../../contracts/headers.ts";
import { headerIdOf, headerName } from "./header-id.ts";
import { isValidHeaderName, isValidHeaderValue } from "./validation.ts";

/**
 * The one implementation of `HeaderMap`. Three parallel arrays: maps are short, mostly iterated, and most
 * lookups are for well-known names that are absent, which the two presence words answer without a scan.
 */
export class HeaderMapImpl implements HeaderMap {
  #ids: number[] = [];
  #names: string[] = [];
  #values: string[] = [];
  #presentLow = 0;
  #presentHigh = 0;
  #wireSafe = true;
  reasonPhrase = "";

  get wireSafe(): boolean {
    return this.#wireSafe;
  }

  get size(): number {
    return this.#ids.length;
  }

  get byteSize(): number {
    let bytes = 0;
    for (let i = 0; i < this.#names.length; i += 1) {
      bytes += this.#names[i]!.length + this.#values[i]!.length;
    }
    return bytes;
  }

  get(name: string): string | undefined {
    const id = headerIdOf(name);
    if (id !== 0) return this.getId(id);
    const index = this.#names.indexOf(name);
    return index < 0 ? undefined : this.#values[index];
  }

  getId(id: number): string | undefined {
    if (!this.hasId(id)) return undefined;
    return this.#values[this.#ids.indexOf(id)];
  }

  getNamed(name: FieldName): string | undefined {
    if (name.id !== 0) return this.getId(name.id);
    const index = this.#names.indexOf(name.text);
    return index < 0 ? undefined : this.#values[index];
  }

  getAll(name: string): string[] {
    const found: string[] = [];
    const id = headerIdOf(name);
    if (id !== 0 && !this.hasId(id)) return found;
    for (let i = 0; i < this.#names.length; i += 1) {
      if (this.#names[i] === name) found.push(this.#values[i]!);
    }
    return found;
  }

  getJoined(name: string): string | undefined {
    return this.#joined(headerIdOf(name), name);
  }

  getNamedJoined(name: FieldName): string | undefined {
    return this.#joined(name.id, name.text);
  }

  has(name: string): boolean {
    const id = headerIdOf(name);
    return id !== 0 ? this.hasId(id) : this.#names.includes(name);
  }

  hasId(id: number): boolean {
    return id < 32
      ? (this.#presentLow & (1 << id)) !== 0
      : (this.#presentHigh & (1 << (id - 32))) !== 0;
  }

  hasAny(mask: HeaderIdMask): boolean {
    return ((this.#presentLow & mask.low) | (this.#presentHigh & mask.high)) !== 0;
  }

  add(name: string, value: string): void {
    this.#pushChecked(headerIdOf(name), name, value);
  }

  addId(id: number, value: string): void {
    this.#pushChecked(id, headerName(id), value);
  }

  addIdUnchecked(id: number, value: string): void {
    this.#place(id, headerName(id), value);
  }

  addNamed(name: FieldName, value: string): void {
    this.#place(name.id, name.text, value);
  }

  /**
   * For codecs, which have checked name and value and know the number (0: not well known). Pseudo headers must
   * be added before all others.
   */
  addParsed(id: number, name: string, value: string): void {
    this.#setBit(id);
    this.#ids.push(id);
    this.#names.push(name);
    this.#values.push(value);
  }

  set(name: string, value: string): void {
    const id = headerIdOf(name);
    if (id !== 0) this.setId(id, value);
    else this.#setFrom(this.#names.indexOf(name), 0, name, value);
  }

  setId(id: number, value: string): void {
    const first = this.hasId(id) ? this.#ids.indexOf(id) : -1;
    this.#setFrom(first, id, headerName(id), value);
  }

  append(name: string, value: string): void {
    const id = headerIdOf(name);
    const index = id === 0 || this.hasId(id) ? this.#names.indexOf(name) : -1;
    if (index < 0) {
      this.#pushChecked(id, name, value);
      return;
    }
    this.#check(value);
    this.#values[index] = `${this.#values[index]},${value}`;
  }

  remove(name: string): number {
    const id = headerIdOf(name);
    return id !== 0 ? this.removeId(id) : this.#removeFrom(this.#names.indexOf(name), name);
  }

  removeId(id: number): number {
    if (!this.hasId(id)) return 0;
    const removed = this.#removeFrom(this.#ids.indexOf(id), headerName(id));
    this.#clearBit(id);
    return removed;
  }

  removeNamed(name: FieldName): number {
    if (name.id !== 0) return this.removeId(name.id);
    return this.#removeFrom(this.#names.indexOf(name.text), name.text);
  }

  removeIf(predicate: (name: string, value: string) => boolean): void {
    let kept = 0;
    this.#presentLow = 0;
    this.#presentHigh = 0;
    for (let i = 0; i < this.#names.length; i += 1) {
      if (predicate(this.#names[i]!, this.#values[i]!)) continue;
      this.#names[kept] = this.#names[i]!;
      this.#values[kept] = this.#values[i]!;
      this.#ids[kept] = this.#ids[i]!;
      this.#setBit(this.#ids[i]!);
      kept += 1;
    }
    this.#truncate(kept);
  }

  nameAt(index: number): string {
    return this.#names[index]!;
  }

  valueAt(index: number): string {
    return this.#values[index]!;
  }

  idAt(index: number): number {
    return this.#ids[index]!;
  }

  setValueAt(index: number, value: string): void {
    if (index < 0 || index >= this.#values.length) throw new RangeError(`no entry ${index}`);
    this.#check(value);
    this.#values[index] = value;
  }

  clone(): HeaderMapImpl {
    const copy = new HeaderMapImpl();
    copy.#ids = this.#ids.slice();
    copy.#names = this.#names.slice();
    copy.#values = this.#values.slice();
    copy.#presentLow = this.#presentLow;
    copy.#presentHigh = this.#presentHigh;
    copy.#wireSafe = this.#wireSafe;
    copy.reasonPhrase = this.reasonPhrase;
    return copy;
  }

  clear(): void {
    this.#truncate(0);
    this.#presentLow = 0;
    this.#presentHigh = 0;
    this.#wireSafe = true;
    this.reasonPhrase = "";
  }

  #joined(id: number, name: string): string | undefined {
    if (id !== 0 && !this.hasId(id)) return undefined;
    const first = id === 0 ? this.#names.indexOf(name) : this.#ids.indexOf(id);
    if (first < 0) return undefined;
    if (this.#names.indexOf(name, first + 1) < 0) return this.#values[first];
    return this.getAll(name).join(",");
  }

  #check(value: string): void {
    if (!isValidHeaderValue(value)) this.#wireSafe = false;
  }

  #pushChecked(id: number, name: string, value: string): void {
    this.#check(value);
    if (id === 0 && !isValidHeaderName(name)) this.#wireSafe = false;
    this.#place(id, name, value);
  }

  /** Pseudo headers stay in front of all others, whenever they are added (RFC 9113 section 8.3). */
  #place(id: number, name: string, value: string): void {
    this.addParsed(id, name, value);
    if (name.charCodeAt(0) !== 58) return;
    const at = this.#pseudoEnd();
    let i = this.#names.length - 1;
    if (at >= i) return;
    for (; i > at; i -= 1) {
      this.#ids[i] = this.#ids[i - 1]!;
      this.#names[i] = this.#names[i - 1]!;
      this.#values[i] = this.#values[i - 1]!;
    }
    this.#ids[at] = id;
    this.#names[at] = name;
    this.#values[at] = value;
  }

  #pseudoEnd(): number {
    let at = 0;
    while (at < this.#names.length && this.#names[at]!.charCodeAt(0) === 58) at += 1;
    return at;
  }

  #setFrom(first: number, id: number, name: string, value: string): void {
    if (first < 0) {
      this.#pushChecked(id, name, value);
      return;
    }
    this.#check(value);
    this.#values[first] = value;
    this.#removeFrom(this.#names.indexOf(name, first + 1), name);
  }

  /** Removes the entries of `name` from index `first` (its first occurrence to remove; -1: none) on. */
  #removeFrom(first: number, name: string): number {
    if (first < 0) return 0;
    let kept = first;
    for (let i = first; i < this.#names.length; i += 1) {
      if (this.#names[i] === name) continue;
      this.#names[kept] = this.#names[i]!;
      this.#values[kept] = this.#values[i]!;
      this.#ids[kept] = this.#ids[i]!;
      kept += 1;
    }
    const removed = this.#names.length - kept;
    this.#truncate(kept);
    return removed;
  }

  // Entry by entry, because V8 leaves its compiled code to set a length.
  #truncate(length: number): void {
    while (this.#names.length > length) {
      this.#names.pop();
      this.#values.pop();
      this.#ids.pop();
    }
  }

  #setBit(id: number): void {
    if (id === 0) return;
    if (id < 32) this.#presentLow |= 1 << id;
    else this.#presentHigh |= 1 << (id - 32);
  }

  #clearBit(id: number): void {
    if (id < 32) this.#presentLow &= ~(1 << id);
    else this.#presentHigh &= ~(1 << (id - 32));
  }
}

/** A map of the given entries, names in lower case. */
export function headerMapOf(entries: Iterable<readonly [string, string]>): HeaderMapImpl {
  const map = new HeaderMapImpl();
  for (const [name, value] of entries) map.add(name, value);
  return map;
}

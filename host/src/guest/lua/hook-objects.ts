import { type LuaObject, type LuaObjects, noSlot } from "./api/lua-objects.ts";

/**
 * The objects that one hook on one stream holds: its handle, which lives until the hook has ended, and those of the
 * running stretch, which die when the script leaves.
 */
export class HookObjects {
  readonly #objects: LuaObjects;
  #handleSlot = noSlot;
  /** The objects of the running stretch, linked. */
  #sliceSlots = noSlot;
  #parts: Map<string, LuaObject> | undefined = undefined;

  constructor(objects: LuaObjects) {
    this.#objects = objects;
  }

  /** Keeps a slot until the script leaves the stretch that it runs in. */
  keepForSlice(slot: number): void {
    // The first object of all is the handle itself.
    if (this.#handleSlot === noSlot) {
      this.#handleSlot = slot;
      return;
    }
    this.#objects.link(slot, this.#sliceSlots);
    this.#sliceSlots = slot;
  }

  /** The part of the handle that has this name: one object for the whole stretch. */
  part<T extends LuaObject>(name: string, make: () => T): T {
    this.#parts ??= new Map();
    const known = this.#parts.get(name);
    if (known !== undefined) return known as T;
    const made = make();
    this.#parts.set(name, made);
    return made;
  }

  /** The script has left. */
  endSlice(): void {
    this.#objects.killLinked(this.#sliceSlots);
    this.#sliceSlots = noSlot;
    this.#parts = undefined;
  }

  /** The hook has ended. */
  releaseHandle(): void {
    if (this.#handleSlot !== noSlot) this.#objects.kill(this.#handleSlot);
    this.#handleSlot = noSlot;
  }
}

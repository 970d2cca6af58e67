import { pageBytes } from "../../limits/defaults.ts";
import { globalExport, type ModuleState, tableExport } from "../../limits/state-exports.ts";

/** Memory is copied in pieces of whole blocks of this size; those that are zero are left out. */
const blockBytes = 4096;
const zeroBlock = Buffer.alloc(blockBytes);

/** All that an instance has become since it was made: plain data; what is large lies in shared memory. */
export interface InstanceState {
  /** Size of the memory in pages. */
  readonly memoryPages: number;
  /** What is in the memory: pairs `(offset, length)`, and their bytes one after another. */
  readonly pieces: Uint32Array<SharedArrayBuffer>;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** In the order of `ModuleState.globals`. */
  readonly globals: readonly (number | bigint)[];
  readonly tables: readonly TableState[];
}

/** What has changed in a table. */
interface TableState {
  readonly size: number;
  readonly changes: readonly { readonly slot: number; readonly to: FunctionPlace | null }[];
}

/** Where an instance that has just been made has a function: in a table, or among its exports. */
type FunctionPlace = { readonly table: number; readonly slot: number } | { readonly name: string };

/** Notes what an instance begins with, so that `take` can tell later what it has become. */
export class StateRecorder {
  readonly #exports: WebAssembly.Exports;
  readonly #state: ModuleState;
  readonly #memory: WebAssembly.Memory | undefined;
  /** For each block of memory: 1 when it was not zero. */
  readonly #filled: Uint8Array;
  readonly #tables: readonly (readonly unknown[])[];

  /** Before anything of the instance has run. */
  constructor(
    exports: WebAssembly.Exports,
    state: ModuleState,
    memory: WebAssembly.Memory | undefined,
  ) {
    this.#exports = exports;
    this.#state = state;
    this.#memory = memory;
    this.#filled = filledBlocks(bytesOf(memory));
    this.#tables = state.changesTables ? this.#contents() : [];
  }

  /** The state; or why it cannot be told. */
  take(): InstanceState | string {
    if (this.#state.obstacle !== undefined) return this.#state.obstacle;
    const tables = this.#tableStates();
    if (typeof tables === "string") return tables;
    const memory = bytesOf(this.#memory);
    const pieces = this.#pieces(memory);
    let length = 0;
    for (let i = 1; i < pieces.length; i += 2) length += pieces[i]!;
    const bytes = new Uint8Array(new SharedArrayBuffer(length));
    forEachPiece(pieces, (offset, size, at) =>
      bytes.set(memory.subarray(offset, offset + size), at),
    );
    const shared = new Uint32Array(new SharedArrayBuffer(pieces.length * 4));
    shared.set(pieces);
    return {
      memoryPages: memory.length / pageBytes,
      pieces: shared,
      bytes,
      globals: this.#state.globals.map((index) => globalOf(this.#exports, index).value),
      tables,
    };
  }

  /** Also of what was not zero at first: an instance begins with it again. */
  #pieces(memory: Buffer): number[] {
    const filled = filledBlocks(memory);
    const pieces: number[] = [];
    let start = -1;
    for (let block = 0; block <= filled.length; block += 1) {
      const wanted = filled[block] === 1 || this.#filled[block] === 1;
      if (wanted && start < 0) start = block;
      if (wanted || start < 0) continue;
      pieces.push(start * blockBytes, (block - start) * blockBytes);
      start = -1;
    }
    return pieces;
  }

  #contents(): unknown[][] {
    return Array.from({ length: this.#state.tables }, (_, index) =>
      elementsOf(tableOf(this.#exports, index)),
    );
  }

  #tableStates(): TableState[] | string {
    const places = this.#functionPlaces();
    const states: TableState[] = [];
    for (const [table, before] of this.#tables.entries()) {
      const now = elementsOf(tableOf(this.#exports, table));
      const changes: TableState["changes"][number][] = [];
      for (const [slot, element] of now.entries()) {
        if (element === (before[slot] ?? null)) continue;
        const to = element === null ? null : places.get(element);
        if (to === undefined) return "a table of it holds what cannot be found in another instance";
        changes.push({ slot, to });
      }
      states.push({ size: now.length, changes });
    }
    return states;
  }

  #functionPlaces(): Map<unknown, FunctionPlace> {
    const places = new Map<unknown, FunctionPlace>();
    for (const [name, value] of Object.entries(this.#exports)) {
      if (typeof value === "function") places.set(value, { name });
    }
    for (const [table, elements] of this.#tables.entries()) {
      for (const [slot, element] of elements.entries()) {
        if (typeof element === "function") places.set(element, { table, slot });
      }
    }
    return places;
  }
}

/**
 * Makes an instance what the recorded one had become. It has just been made, of the same module, in `memory` of
 * `memoryPages`, and nothing of it has run. Throws what the engine throws when a table cannot grow.
 */
export function restoreState(
  exports: WebAssembly.Exports,
  module: ModuleState,
  state: InstanceState,
  memory: WebAssembly.Memory | undefined,
): void {
  const target = bytesOf(memory);
  const { bytes } = state;
  forEachPiece(state.pieces, (offset, size, at) =>
    target.set(bytes.subarray(at, at + size), offset),
  );
  module.globals.forEach((index, i) => {
    globalOf(exports, index).value = state.globals[i];
  });
  restoreTables(exports, state.tables);
}

function restoreTables(exports: WebAssembly.Exports, states: readonly TableState[]): void {
  const functions = states.map(({ changes }) =>
    changes.map(({ to }) => (to === null ? null : functionAt(exports, to))),
  );
  for (const [index, { size, changes }] of states.entries()) {
    const table = tableOf(exports, index);
    if (size > table.length) table.grow(size - table.length);
    for (const [i, { slot }] of changes.entries()) table.set(slot, functions[index]![i]);
  }
}

function functionAt(exports: WebAssembly.Exports, place: FunctionPlace): unknown {
  return "name" in place ? exports[place.name] : tableOf(exports, place.table).get(place.slot);
}

function globalOf(exports: WebAssembly.Exports, index: number): WebAssembly.Global {
  return exports[globalExport(index)] as WebAssembly.Global;
}

function tableOf(exports: WebAssembly.Exports, index: number): WebAssembly.Table {
  return exports[tableExport(index)] as WebAssembly.Table;
}

function elementsOf(table: WebAssembly.Table): unknown[] {
  return Array.from({ length: table.length }, (_, slot) => table.get(slot) as unknown);
}

function bytesOf(memory: WebAssembly.Memory | undefined): Buffer {
  return memory === undefined ? Buffer.alloc(0) : Buffer.from(memory.buffer);
}

function filledBlocks(bytes: Buffer): Uint8Array {
  const filled = new Uint8Array(bytes.length / blockBytes);
  for (let block = 0; block < filled.length; block += 1) {
    const start = block * blockBytes;
    filled[block] =
      bytes.compare(zeroBlock, 0, blockBytes, start, start + blockBytes) === 0 ? 0 : 1;
  }
  return filled;
}

function forEachPiece(
  pieces: Uint32Array | readonly number[],
  copy: (offset: number, size: number, at: number) => void,
): void {
  let at = 0;
  for (let i = 0; i < pieces.length; i += 2) {
    copy(pieces[i]!, pieces[i + 1]!, at);
    at += pieces[i + 1]!;
  }
}

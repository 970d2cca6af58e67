import type { FieldClassTable, MessageFields } from "./types.ts";

/** What is done with a field, and why. */
export type FieldClass =
  | { readonly class: "implemented" }
  | { readonly class: "harmless" | "refused"; readonly text: string };

const implemented: FieldClass = { class: "implemented" };
const unlisted: FieldClass = { class: "refused", text: "" };

/** The field classes of all areas, for lookup. */
export class FieldClasses {
  readonly #messages = new Map<string, Map<string, FieldClass>>();

  /** Two tables may speak of one message, but not of one field. Throws when they do. */
  constructor(tables: readonly FieldClassTable[]) {
    for (const table of tables) {
      for (const [message, fields] of Object.entries(table)) this.#add(message, fields);
    }
  }

  /** Messages that a table speaks of. */
  get messages(): readonly string[] {
    return [...this.#messages.keys()].sort();
  }

  /** The listed fields of a message. */
  fields(message: string): ReadonlyMap<string, FieldClass> {
    return this.#messages.get(message) ?? new Map<string, FieldClass>();
  }

  of(message: string, field: string): FieldClass {
    return this.#messages.get(message)?.get(field) ?? unlisted;
  }

  #add(message: string, fields: MessageFields): void {
    let known = this.#messages.get(message);
    if (!known) this.#messages.set(message, (known = new Map()));
    const add = (field: string, fieldClass: FieldClass): void => {
      if (known.has(field)) throw new Error(`${message}.${field} has two classes`);
      known.set(field, fieldClass);
    };
    for (const field of fields.implemented) add(field, implemented);
    for (const [field, text] of Object.entries(fields.harmless ?? {})) {
      add(field, { class: "harmless", text });
    }
    for (const [field, text] of Object.entries(fields.refused ?? {})) {
      add(field, { class: "refused", text });
    }
  }
}

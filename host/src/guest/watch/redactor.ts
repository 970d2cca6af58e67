/** What stands in place of a secret. */
export const redacted = "[redacted]";

/** Shorter pieces of a secret are too common to be looked for. */
const pieceMin = 6;

/**
 * Keeps secrets out of traces: the values of headers with these names, and these values again wherever else in
 * the same stream a guest hands them around. What a guest derives from a secret (a decoded or split one) passes.
 */
export class Redactor {
  readonly #names: ReadonlySet<string>;
  readonly #values = new Set<string>();

  /** `names`: of headers, in lower case. */
  constructor(names: ReadonlySet<string>) {
    this.#names = names;
  }

  isSecret(name: string): boolean {
    return this.#names.has(name.toLowerCase());
  }

  /** The value of a header: looked for everywhere when the header is secret. */
  learn(name: string, value: string): void {
    if (!this.isSecret(name)) return;
    this.#keep(value);
    for (const cookie of value.split(/[;,]/)) {
      const pair = cookie.trim();
      const equals = pair.indexOf("=");
      this.#keep(equals < 0 ? pair : pair.slice(equals + 1));
      // `Bearer <token>`
      const blank = pair.indexOf(" ");
      if (blank >= 0) this.#keep(pair.slice(blank + 1).trim());
    }
  }

  /** The value as it may be shown. */
  value(name: string, value: string): string {
    this.learn(name, value);
    return this.isSecret(name) ? redacted : this.text(value);
  }

  /** Any text, without the secret values that are known. */
  text(text: string): string {
    let clean = text;
    for (const value of this.#values) clean = clean.replaceAll(value, redacted);
    return clean;
  }

  #keep(value: string): void {
    if (value.length >= pieceMin) this.#values.add(value);
  }
}

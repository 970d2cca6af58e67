const secretHeadersDefault = "authorization,cookie,set-cookie";

/** A parameter that is a whole number from 1 on. */
export interface NumberParameter {
  readonly initial: number;
  readonly max: number;
}

/** Reads the query of a page that follows a guest. What is wrong is collected; the values are of no use then. */
export class FollowQuery {
  readonly problems: string[] = [];
  readonly #params: ReadonlyMap<string, string>;

  constructor(params: ReadonlyMap<string, string>) {
    this.#params = params;
  }

  number(name: string, { initial, max }: NumberParameter): number {
    const text = this.#params.get(name) ?? String(initial);
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= 1 && value <= max)) {
      this.problems.push(`${name} is not a whole number from 1 to ${max}`);
    }
    return value;
  }

  /** Whether `name` is `on`, not `off`, which is the default. */
  isSet(name: string, off: string, on: string): boolean {
    const text = this.#params.get(name) ?? off;
    if (text !== off && text !== on) this.problems.push(`${name} is ${off} or ${on}`);
    return text === on;
  }

  /** `redact`: headers whose values are not shown, in lower case. */
  get secretHeaders(): string[] {
    const names = (this.#params.get("redact") ?? secretHeadersDefault).split(",");
    return names.map((name) => name.trim().toLowerCase()).filter((name) => name !== "");
  }
}

import { guest } from "./wasm-guest.ts";

/** Writes guests in WebAssembly text whose host calls take texts: each text gets a place in memory below 4096. */
export class WatTexts {
  #data = "";
  #next = 64;
  readonly #places = new Map<string, string>();

  /** Two constants: where the text stands, and its size. */
  text(text: string): string {
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    const bytes = Buffer.from(text, "latin1");
    const escaped = [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
    const place = `(i32.const ${this.#next}) (i32.const ${bytes.length})`;
    if (bytes.length > 0) this.#data += `(data (i32.const ${this.#next}) "${escaped}")\n`;
    this.#next += bytes.length;
    this.#places.set(text, place);
    return place;
  }

  log(text: string): string {
    return `(drop (call $proxy_log (i32.const 2) ${this.text(text)}))`;
  }

  /** Logs the text whose pointer and size were written to 0 and 4. */
  readonly logResult = `(drop (call $proxy_log (i32.const 2) (i32.load (i32.const 0)) (i32.load (i32.const 4))))`;

  /** Logs the value of a header; nothing for one that is not there. */
  logHeader(map: number, name: string): string {
    return `(if (i32.eqz (call $proxy_get_header_map_value (i32.const ${map}) ${this.text(name)} (i32.const 0) (i32.const 4)))
      (then ${this.logResult}))`;
  }

  replace(map: number, name: string, value: string): string {
    return `(drop (call $proxy_replace_header_map_value (i32.const ${map}) ${this.text(name)} ${this.text(value)}))`;
  }

  add(map: number, name: string, value: string): string {
    return `(drop (call $proxy_add_header_map_value (i32.const ${map}) ${this.text(name)} ${this.text(value)}))`;
  }

  /** Puts `text` in the place of `size` bytes from `start`. */
  setBuffer(type: number, start: number, size: number, text: string): string {
    return `(drop (call $proxy_set_buffer_bytes (i32.const ${type}) (i32.const ${start}) (i32.const ${size}) ${this.text(text)}))`;
  }

  /** Logs all of a buffer. */
  logBuffer(type: number): string {
    return `(drop (call $proxy_get_buffer_bytes (i32.const ${type}) (i32.const 0) (i32.const -1) (i32.const 0) (i32.const 4))) ${this.logResult}`;
  }

  localResponse(status: number, details: string, body: string, grpcStatus = -1): string {
    return `(drop (call $proxy_send_local_response (i32.const ${status}) ${this.text(details)} ${this.text(body)}
      (i32.const 0) (i32.const 0) (i32.const ${grpcStatus})))`;
  }

  /** A callback of so many parameters. */
  callback(name: string, params: number, body: string, result: number | string = 0): string {
    const value = typeof result === "number" ? `(i32.const ${result})` : result;
    return `(func (export "${name}") (param ${"i32 ".repeat(params)}) (result i32) ${body} ${value})`;
  }

  /** A callback without a result. */
  procedure(name: string, params: number, body: string): string {
    return `(func (export "${name}") (param ${"i32 ".repeat(params)}) ${body})`;
  }

  module(...functions: readonly string[]): Promise<Uint8Array<ArrayBuffer>> {
    return guest(this.#data + functions.join("\n"));
  }
}

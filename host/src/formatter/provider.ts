import type { AccessLogType } from "../contracts/access-log.ts";
import type { RandomSource, TimeSource } from "../contracts/event.ts";
import type { Result } from "../contracts/result.ts";
import type { StreamInfo } from "../contracts/stream-info.ts";
import { escapeControls, jsonString, jsonText, toByteText } from "./byte-text.ts";
import type { FormatCommand } from "./format-parser.ts";

/** Gives the value of one command for one stream (Envoy: `FormatterProvider`). */
export interface FormatterProvider {
  /** Byte text without control characters; undefined when there is no value. */
  text(info: StreamInfo, type: AccessLogType): string | undefined;
  /** The same as JSON, with its own type. */
  json(info: StreamInfo, type: AccessLogType): string | undefined;
}

/** What commands may use besides the stream. */
export interface FormatterEnvironment {
  readonly time: TimeSource;
  readonly random: RandomSource;
  readonly hostname: string;
  readonly variables: { readonly [name: string]: string | undefined };
}

/** Makes the provider of one command, or says what is wrong with it. */
export type OperatorFactory = (
  command: FormatCommand,
  environment: FormatterEnvironment,
) => Result<FormatterProvider, string>;

export type OperatorTable = { readonly [name: string]: OperatorFactory };

type Get<T> = (info: StreamInfo, type: AccessLogType) => T | undefined;

/** Text that the proxy makes itself: no need to look for control characters or a maximum length. */
class PlainTextProvider implements FormatterProvider {
  readonly text: Get<string>;

  constructor(get: Get<string>) {
    this.text = get;
  }

  json(info: StreamInfo, type: AccessLogType): string | undefined {
    const text = this.text(info, type);
    return text === undefined ? undefined : jsonString(text);
  }
}

/** Text that peers, guests or configuration chose. */
class ForeignTextProvider implements FormatterProvider {
  readonly #get: Get<string>;
  readonly #maxLength: number;

  constructor(get: Get<string>, maxLength: number | undefined) {
    this.#get = get;
    this.#maxLength = maxLength ?? Infinity;
  }

  text(info: StreamInfo, type: AccessLogType): string | undefined {
    const text = this.#cut(info, type);
    return text === undefined ? undefined : escapeControls(text);
  }

  json(info: StreamInfo, type: AccessLogType): string | undefined {
    const text = this.#cut(info, type);
    return text === undefined ? undefined : jsonString(text);
  }

  #cut(info: StreamInfo, type: AccessLogType): string | undefined {
    const text = this.#get(info, type);
    if (text === undefined || text.length <= this.#maxLength) return text;
    return text.slice(0, this.#maxLength);
  }
}

class NumberProvider implements FormatterProvider {
  readonly #get: Get<number>;

  constructor(get: Get<number>) {
    this.#get = get;
  }

  text(info: StreamInfo, type: AccessLogType): string | undefined {
    const value = this.#get(info, type);
    return value === undefined ? undefined : String(value);
  }

  json(info: StreamInfo, type: AccessLogType): string | undefined {
    return this.text(info, type);
  }
}

/** A JSON value: as text, strings stand without quotes and everything else as JSON. */
class JsonProvider implements FormatterProvider {
  readonly #get: Get<unknown>;
  readonly #maxLength: number;
  readonly #quoteStrings: boolean;

  constructor(get: Get<unknown>, maxLength: number | undefined, quoteStrings: boolean) {
    this.#get = get;
    this.#maxLength = maxLength ?? Infinity;
    this.#quoteStrings = quoteStrings;
  }

  text(info: StreamInfo, type: AccessLogType): string | undefined {
    const value = this.#get(info, type);
    if (value === undefined || value === null) return undefined;
    const plain = typeof value === "string" && !this.#quoteStrings;
    const text = plain ? toByteText(value) : jsonText(value);
    return escapeControls(text.length <= this.#maxLength ? text : text.slice(0, this.#maxLength));
  }

  json(info: StreamInfo, type: AccessLogType): string | undefined {
    const value = this.#get(info, type);
    if (value === undefined || value === null) return undefined;
    if (typeof value === "string" && value.length > this.#maxLength) {
      return jsonText(value.slice(0, this.#maxLength));
    }
    return jsonText(value);
  }
}

/** Text made by the proxy. */
export function plainText(get: Get<string>): FormatterProvider {
  return new PlainTextProvider(get);
}

/** Byte text of anyone else, cut to `maxLength` bytes and made safe for one line. */
export function foreignText(get: Get<string>, maxLength?: number): FormatterProvider {
  return new ForeignTextProvider(get, maxLength);
}

export function numeric(get: Get<number>): FormatterProvider {
  return new NumberProvider(get);
}

/** A JSON value; `quoteStrings`: strings keep their quotes in text, too. */
export function jsonValue(
  get: Get<unknown>,
  maxLength?: number,
  quoteStrings = false,
): FormatterProvider {
  return new JsonProvider(get, maxLength, quoteStrings);
}

/** For commands that take neither an argument nor a length. */
export function bare(
  make: (environment: FormatterEnvironment) => FormatterProvider,
): OperatorFactory {
  return (command, environment) => {
    if (command.argument === "" && command.maxLength === undefined) {
      return { ok: true, value: make(environment) };
    }
    return refuse(`${command.name} does not take any parameters or length`);
  };
}

/** For commands that may take an argument, and no length. */
export function withoutLength(factory: OperatorFactory): OperatorFactory {
  return (command, environment) =>
    command.maxLength === undefined
      ? factory(command, environment)
      : refuse(`${command.name} does not allow length to be specified.`);
}

/** For commands that need an argument. */
export function withArgument(factory: OperatorFactory): OperatorFactory {
  return (command, environment) =>
    command.argument === ""
      ? refuse(`${command.name} requires parameters`)
      : factory(command, environment);
}

export function refuse(error: string): { readonly ok: false; readonly error: string } {
  return { ok: false, error };
}

import { hostname } from "node:os";
import { systemRandom, systemTime } from "../common/time/clock.ts";
import type { AccessLogType } from "../contracts/access-log.ts";
import type { Result } from "../contracts/result.ts";
import type { StreamInfo } from "../contracts/stream-info.ts";
import { toByteText } from "./byte-text.ts";
import { type FormatCommand, parseFormat } from "./format-parser.ts";
import { absentOperators } from "./operators/absent.ts";
import { addressOperatorTable } from "./operators/addresses.ts";
import { guestOperators } from "./operators/guests.ts";
import { headerOperators } from "./operators/headers.ts";
import { metadataOperators } from "./operators/metadata.ts";
import { streamOperators } from "./operators/stream.ts";
import { timeOperators } from "./operators/time.ts";
import { tlsOperators } from "./operators/tls.ts";
import {
  type FormatterEnvironment,
  type FormatterProvider,
  type OperatorTable,
  refuse,
} from "./provider.ts";

/** Envoy's access log format for HTTP streams and connections alike. */
export const defaultFormat =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" ' +
  "%RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% " +
  '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" ' +
  '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n';

/** A format that has been read; gives one text per stream. */
export interface Formatter {
  /**
   * Byte text (one character per byte, latin1), so that it can be a header's value as it is, and a log's after
   * `Buffer.from(text, "latin1")`. Values hold no control characters but the tab.
   */
  format(streamInfo: StreamInfo, type?: AccessLogType): string;
}

export interface FormatOptions {
  /** What an operator without a value gives is the empty text instead of `-`: header values, `omit_empty_values`. */
  readonly omitEmptyValues?: boolean;
  readonly environment?: FormatterEnvironment;
  /** Told the name of each operator that the format has. */
  readonly onOperator?: (name: string) => void;
}

/** Operators by name. */
export const operators: OperatorTable = {
  ...streamOperators,
  ...timeOperators,
  ...addressOperatorTable,
  ...headerOperators,
  ...metadataOperators,
  ...guestOperators,
  ...tlsOperators,
  ...absentOperators,
};

let machine: FormatterEnvironment | undefined;

function machineEnvironment(): FormatterEnvironment {
  machine ??= {
    time: systemTime,
    random: systemRandom,
    hostname: hostname(),
    variables: process.env,
  };
  return machine;
}

/** The providers of a format, with the literal text before each and after the last. */
export interface Segments {
  /** One more than providers. */
  readonly literals: readonly string[];
  readonly providers: readonly FormatterProvider[];
}

/** Reads a format; the error is Envoy's text. */
export function parseSegments(text: string, options: FormatOptions): Result<Segments, string> {
  const parsed = parseFormat(text);
  if (!parsed.ok) return parsed;
  const environment = options.environment ?? machineEnvironment();
  const literals: string[] = [];
  const providers: FormatterProvider[] = [];
  let literal = "";
  for (const token of parsed.value) {
    if (typeof token === "string") {
      literal = toByteText(token);
      continue;
    }
    options.onOperator?.(token.name);
    const provider = makeProvider(token, environment);
    if (!provider.ok) return provider;
    literals.push(literal);
    providers.push(provider.value);
    literal = "";
  }
  literals.push(literal);
  return { ok: true, value: { literals, providers } };
}

function makeProvider(
  command: FormatCommand,
  environment: FormatterEnvironment,
): Result<FormatterProvider, string> {
  const factory = Object.hasOwn(operators, command.name) ? operators[command.name] : undefined;
  if (factory === undefined) return refuse(`Not supported field in StreamInfo: ${command.name}`);
  return factory(command, environment);
}

/** A text format (`text_format_source`, header values). The error says what is wrong with it, in Envoy's words. */
export function compileFormat(
  text: string,
  options: FormatOptions = {},
): Result<Formatter, string> {
  const segments = parseSegments(text, options);
  if (!segments.ok) return segments;
  const unset = options.omitEmptyValues === true ? "" : "-";
  return { ok: true, value: new TextFormatter(segments.value, unset) };
}

/** Segments joined; also what a JSON string with more than one part holds. */
export class TextFormatter implements Formatter {
  readonly #first: string;
  readonly #literals: readonly string[];
  readonly #providers: readonly FormatterProvider[];
  readonly #unset: string;

  constructor(segments: Segments, unset: string) {
    this.#first = segments.literals[0]!;
    this.#literals = segments.literals.slice(1);
    this.#providers = segments.providers;
    this.#unset = unset;
  }

  format(streamInfo: StreamInfo, type: AccessLogType = "NotSet"): string {
    let text = this.#first;
    for (let i = 0; i < this.#providers.length; i += 1) {
      const value = this.#providers[i]!.text(streamInfo, type);
      text += value === undefined ? this.#unset : value;
      text += this.#literals[i]!;
    }
    return text;
  }
}

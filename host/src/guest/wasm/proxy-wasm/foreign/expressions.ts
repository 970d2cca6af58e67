import { createRequire } from "node:module";
import { setFlagsFromString } from "node:v8";
import {
  attributes,
  STATUS_BAD_ARGUMENT,
  STATUS_INTERNAL_FAILURE,
  STATUS_NOT_FOUND,
  STATUS_OK,
  STATUS_SERIALIZATION_FAILURE,
  stateObjects,
} from "@sluice/abi";
import type * as Cel from "@marcbachmann/cel-js";
import { attributeValue, notSerializable } from "../attributes/attributes.ts";
import type { Context } from "../context.ts";
import { ExpressionValues } from "./expression-values.ts";
import { expressionProblem } from "./expression-rules.ts";
import type { ForeignResult } from "./foreign-functions.ts";

/** Expressions of one plugin that may exist, and bytes of each. */
const expressionsMax = 1024;
const expressionBytesMax = 4096;

interface Library {
  readonly environment: Cel.Environment;
  readonly values: ExpressionValues;
}

let library: Library | undefined;

/** Loaded when the first guest of this thread has an expression. */
function celLibrary(): Library {
  if (library !== undefined) return library;
  // The library matches patterns in the usual way, which goes back; beyond a limit V8 takes its linear engine then.
  // Patterns that it could not run so have been refused.
  setFlagsFromString("--enable-experimental-regexp-engine-on-excessive-backtracks");
  const cel = createRequire(import.meta.url)("@marcbachmann/cel-js") as typeof Cel;
  const environment = new cel.Environment({
    unlistedVariablesAreDyn: true,
    homogeneousAggregateLiterals: false,
    limits: { maxAstNodes: 512, maxDepth: 32, maxListElements: 256, maxMapEntries: 256 },
  });
  library = { environment, values: new ExpressionValues(environment) };
  return library;
}

type Expression = (context: Cel.Context) => unknown;

/** The expressions (CEL) of one plugin: `expr_create`, `expr_evaluate`, `expr_delete`. */
export class Expressions {
  readonly #byToken = new Map<number, Expression>();
  #nextToken = 0;

  /** A token of four bytes; BadArgument for what is no expression, with a line in the log. */
  create(context: Context, args: Uint8Array): ForeignResult {
    const text = Buffer.from(args).toString();
    const expression = this.#parse(text);
    if (typeof expression === "string") {
      const { logger } = context.vm.environment;
      logger.error(`wasm log${context.logPrefix}: expr_create: ${expression}, in: ${text}`);
      return { status: STATUS_BAD_ARGUMENT };
    }
    const token = this.#nextToken;
    this.#nextToken += 1;
    this.#byToken.set(token, expression);
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(token);
    return { status: STATUS_OK, bytes };
  }

  /** The value of the expression for the stream of `context`, encoded as properties are. */
  evaluate(context: Context, args: Uint8Array): ForeignResult {
    const token = tokenOf(args);
    if (token === undefined) return { status: STATUS_BAD_ARGUMENT };
    const expression = this.#byToken.get(token);
    if (expression === undefined) return { status: STATUS_NOT_FOUND };
    const { values } = celLibrary();
    try {
      const value = expression(variables(context, values));
      const bytes = values.encode(value);
      return bytes === undefined
        ? { status: STATUS_SERIALIZATION_FAILURE }
        : { status: STATUS_OK, bytes };
    } catch {
      return { status: STATUS_INTERNAL_FAILURE };
    } finally {
      values.forget();
    }
  }

  delete(args: Uint8Array): ForeignResult {
    const token = tokenOf(args);
    if (token === undefined) return { status: STATUS_BAD_ARGUMENT };
    this.#byToken.delete(token);
    return { status: STATUS_OK };
  }

  #parse(text: string): Expression | string {
    if (text.length > expressionBytesMax) return `it is longer than ${expressionBytesMax} bytes`;
    if (this.#byToken.size >= expressionsMax) return `there are ${expressionsMax} already`;
    try {
      const parsed = celLibrary().environment.parse(text);
      return expressionProblem(parsed.ast) ?? parsed;
    } catch (error) {
      return error instanceof Error ? error.message.split("\n")[0]! : String(error);
    }
  }
}

function tokenOf(args: Uint8Array): number | undefined {
  return args.length === 4
    ? new DataView(args.buffer, args.byteOffset).getUint32(0, true)
    : undefined;
}

const objects: ReadonlySet<string> = new Set([...Object.keys(attributes), ...stateObjects]);

/**
 * The variables of an expression: the properties of the stream, each looked up when it is asked for. A look-up ends the
 * expression when the callback's CPU time is used up, which nothing else in it would notice.
 */
function variables(context: Context, values: ExpressionValues): Cel.Context {
  const { budget } = context.vm.environment;
  const read = (path: readonly string[]): unknown => {
    if (budget.condemned) throw new Error("the callback's CPU time is used up");
    const value = attributeValue(context, path);
    return value === undefined || value === notSerializable ? undefined : values.plain(value);
  };
  return values.lookup((name) => {
    if (!objects.has(name) || name === "metadata") return read([name]);
    return values.whole((part) => read([name, part]));
  });
}

import type { ASTNode } from "@marcbachmann/cel-js";
import { linearRegExp } from "../../../../common/linear-regexp.ts";

/** The functions and macros of the language's definition, without the libraries that Envoy leaves out. */
const functions = new Set(
  (
    "has all exists exists_one map filter size contains " +
    "startsWith endsWith matches type dyn int uint double " +
    "string bytes bool duration timestamp getDate getDayOfMonth getDayOfWeek " +
    "getDayOfYear getFullYear getHours getMilliseconds getMinutes getMonth getSeconds"
  ).split(" "),
);
const loops = new Set(["all", "exists", "exists_one", "map", "filter"]);

/** Loops inside loops take time by powers, which nothing could cut short. */
const nestingMax = 1;

/** What in an expression cannot be evaluated, or not in a time that is bounded; undefined: nothing. */
export function expressionProblem(root: ASTNode): string | undefined {
  return problemOf(root, 0);
}

function problemOf(node: ASTNode, nesting: number): string | undefined {
  let depth = nesting;
  if (node.op === "call" || node.op === "rcall") {
    const name = node.args[0];
    if (!functions.has(name)) return `there is no function ${name}`;
    if (loops.has(name)) depth += 1;
    if (depth > nestingMax) return "a loop stands in a loop";
    const pattern = name === "matches" ? patternProblem(node) : undefined;
    if (pattern !== undefined) return pattern;
  }
  for (const child of children(node.args)) {
    const problem = problemOf(child, depth);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Patterns must be known beforehand, and be such that they can be matched without going back. */
function patternProblem(node: ASTNode & { readonly op: "call" | "rcall" }): string | undefined {
  const list = node.op === "call" ? node.args[1] : node.args[2];
  const last = list.at(-1);
  if (last?.op !== "value" || typeof last.args !== "string") {
    return "the pattern of matches() must be a literal";
  }
  const pattern = linearRegExp(last.args);
  return pattern.ok ? undefined : `the pattern of matches() cannot be used: ${pattern.error}`;
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
}

function* children(args: unknown): Generator<ASTNode> {
  if (isNode(args)) yield args;
  else if (Array.isArray(args)) for (const arg of args) yield* children(arg);
}

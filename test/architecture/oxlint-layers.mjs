// The lint rule `layers/direction`: an import must follow the table in layers.mjs.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { layers } from "./layers.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const packages = { "@sluice/abi": "abi/src/index.ts" };

const pattern = (glob) => new RegExp(`^${glob.replaceAll("*", "[^/]+")}(?=/|$)`);
const depth = (glob) => glob.split("/").length * 2 - (glob.includes("*") ? 1 : 0);
const folders = Object.keys(layers).sort((a, b) => depth(b) - depth(a));
const folderOf = (file) => folders.find((glob) => pattern(glob).test(file));

function allowed(folder) {
  const [first, ...rest] = layers[folder];
  if (first !== "+") return layers[folder];
  const wildcard = folders.find((glob) => glob.includes("*") && pattern(glob).test(folder));
  return [...layers[wildcard], ...rest];
}

/** A sentence when `from` may not import `to` (both relative to the root), else undefined. */
export function violation(from, to) {
  const here = folderOf(from);
  const there = folderOf(to);
  if (!here || !there) return undefined;
  const from1 = pattern(here).exec(from)[0];
  const to1 = pattern(there).exec(to)[0];
  if (from1 === to1 || allowed(here).some((glob) => pattern(glob).test(to))) return undefined;
  return `${from1} may not import ${to1}`;
}

function target(filename, source) {
  if (packages[source]) return packages[source];
  if (!source.startsWith(".")) return undefined;
  return path.relative(root, path.resolve(path.dirname(filename), source));
}

const direction = {
  create(context) {
    const check = (node) => {
      if (!node.source) return;
      const to = target(context.filename, node.source.value);
      const message = to && violation(path.relative(root, context.filename), to);
      if (message) context.report({ node, message });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: (node) => node.source.type === "Literal" && check(node),
    };
  },
};

export default { meta: { name: "layers" }, rules: { direction } };

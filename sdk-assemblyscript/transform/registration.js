// The module that takes the main file's place: it imports the plugin's class from there and registers it.
import { baseName, classesOf, isUserSource } from "./classes.js";

const plugins = new Set(["Plugin", "AccessLogger", "Service"]);
const filters = new Map([
  ["HttpFilter", "createHttpFilter"],
  ["NetworkFilter", "createNetworkFilter"],
  ["ListenerFilter", "createListenerFilter"],
]);
const exportFlag = 2;
const abstractFlag = 128;
const methodDeclaration = 59;
const userDefinedError = 102;
const sdk = "@sluice/sdk-assemblyscript/assembly";

/** Its text; undefined, and an error, when it is not clear what the main file's plugin is. */
export function registration(parser, entry) {
  const all = classesOf(parser.sources.filter(isUserSource));
  const own = classesOf([entry]);
  const plugin = onlyOne(
    parser,
    entry,
    leaves(own, all, (base) => plugins.has(base)),
    "Plugin",
  );
  if (plugin === "several") return undefined;
  if (plugin !== undefined) {
    checkCanBeMade(parser, plugin, all, "registerPlugin((): Plugin => new … ) says how it is made");
    return text(entry, plugin, `registerPlugin((): Plugin => new ${plugin.name.text}());`);
  }
  const filter = onlyOne(
    parser,
    entry,
    leaves(own, all, (base) => filters.has(base)),
    "filter",
  );
  if (filter === "several") return undefined;
  if (filter === undefined) {
    // A module that is written without the SDK's classes.
    if (/^export\b/m.test(entry.text)) return undefined;
    const message =
      "the main file has no class that extends Plugin, HttpFilter, NetworkFilter or ListenerFilter";
    parser.error(userDefinedError, entry.range, message);
    return undefined;
  }
  const kind = rootOf(filter, all);
  const mend = `make it in ${filters.get(kind)}() of a class that extends Plugin`;
  checkCanBeMade(parser, filter, all, mend);
  return text(
    entry,
    filter,
    `class OnlyFilterPlugin extends Plugin {
  override ${filters.get(kind)}(): ${kind} { return new ${filter.name.text}(); }
}
registerPlugin((): Plugin => new OnlyFilterPlugin());`,
    kind,
  );
}

/** The module that is written here makes one without arguments: an error there would have no place in the sources. */
function checkCanBeMade(parser, declaration, all, mend) {
  const { name, flags, typeParameters } = declaration;
  const wrong = (range, message) => parser.error(userDefinedError, range, message);
  if (flags & abstractFlag) wrong(name.range, `${name.text} is abstract: extend it`);
  if (typeParameters?.length > 0) {
    wrong(name.range, `${name.text} has type parameters: extend it by a class that gives them`);
  }
  const made = constructorOf(declaration, all);
  const needs = made?.signature.parameters.some(
    ({ initializer, parameterKind }) => initializer === null && parameterKind === 0,
  );
  if (needs) wrong(made.name.range, `the constructor of ${name.text} needs arguments: ${mend}`);
}

/** Its own, or that of the next base that has one. */
function constructorOf(declaration, all) {
  for (let at = declaration, depth = 0; at && depth < 64; at = all.get(baseName(at)), depth += 1) {
    const own = at.members.find(
      ({ kind, name }) => kind === methodDeclaration && name.text === "constructor",
    );
    if (own) return own;
  }
  return undefined;
}

function text(entry, declaration, body, ...imported) {
  declaration.flags |= exportFlag;
  return `import { ${declaration.name.text} } from "./${entry.simplePath}";
import { Plugin, registerPlugin${imported.map((name) => `, ${name}`).join("")} } from "${sdk}";
${body}`;
}

/** The classes that lead to one of those bases and that no other class extends. */
function leaves(own, all, isBase) {
  const extended = new Set([...all.values()].map(baseName));
  return [...own.values()].filter(
    (declaration) => isBase(rootOf(declaration, all)) && !extended.has(declaration.name.text),
  );
}

/** The name of the first base that is not one of these classes. */
function rootOf(declaration, all) {
  let name = baseName(declaration);
  for (let depth = 0; depth < 64 && all.has(name); depth += 1) name = baseName(all.get(name));
  return name;
}

function onlyOne(parser, entry, found, what) {
  if (found.length < 2) return found[0];
  const names = found.map(({ name }) => name.text).join(", ");
  parser.error(
    userDefinedError,
    found[1].name.range,
    `the main file has more than one ${what}: ${names}; say which by registerPlugin()`,
  );
  return "several";
}

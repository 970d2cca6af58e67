// `console` and the like: what the compiler's library would import from a JavaScript host comes from assembly/globals.ts.

const bindings = "~lib/bindings/dom.ts";
const namespaceDeclaration = 60;
const sdk = "@sluice/sdk-assemblyscript/assembly";
const replaced = ["Date", "console", "crypto"];

/** To be called when the SDK's exports are among the sources, or will be. */
export function useOwnGlobals(parser, options) {
  for (const name of ["seed", "trace"]) {
    if (!options.globalAliases.has(name)) {
      options.globalAliases.set(name, `~lib/${sdk}/globals/${name}`);
    }
  }
  const source = parser.sources.find(({ normalizedPath }) => normalizedPath === bindings);
  if (source === undefined) return;
  const kept = source.statements.filter(
    ({ kind, name }) => kind !== namespaceDeclaration || !replaced.includes(name.text),
  );
  const snippet = new parser.constructor(parser.diagnostics);
  snippet.parseFile(`export { ${replaced.join(", ")} } from "${sdk}/globals";`, bindings, false);
  source.statements = [...kept, ...snippet.sources[0].statements];
}

/** What of a JavaScript host is called all the same, as `performance.now`. */
export function foreignGlobals(program) {
  const imported = 2097152;
  const compiled = 8388608;
  const names = [];
  for (const { flags, internalName } of program.instancesByName.values()) {
    if ((flags & imported) === 0 || (flags & compiled) === 0) continue;
    const found = /^~lib\/bindings\/\w+\/(.*)$/.exec(internalName);
    if (found !== null) names.push(found[1].replaceAll("/", "."));
  }
  return names;
}

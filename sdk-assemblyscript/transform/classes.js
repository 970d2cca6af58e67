// Classes in the syntax tree.

const classDeclaration = 52;
const userSource = 0;
const userEntrySource = 1;

export function isUserSource(source) {
  return source.sourceKind === userSource || isMainFile(source);
}

/** The compiler's runtime is an entry too. */
export function isMainFile({ sourceKind, normalizedPath }) {
  return sourceKind === userEntrySource && !normalizedPath.startsWith("~lib/");
}

/** Classes at the top level, by name. */
export function classesOf(sources) {
  const classes = new Map();
  for (const source of sources) {
    for (const statement of source.statements) {
      if (statement.kind === classDeclaration) classes.set(statement.name.text, statement);
    }
  }
  return classes;
}

/** The name of the class that it extends; undefined: none. */
export function baseName(declaration) {
  return declaration.extendsType?.name.identifier.text;
}

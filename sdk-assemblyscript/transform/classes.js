// Classes in the syntax tree.

const exportDefaultStatement = 37;
const importStatement = 43;
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
      const declared =
        statement.kind === exportDefaultStatement ? statement.declaration : statement;
      if (declared.kind === classDeclaration) classes.set(declared.name.text, declared);
    }
  }
  return classes;
}

/** The name of the class that it extends, as that is called where it is declared; undefined: none. */
export function baseName({ extendsType, range }) {
  if (!extendsType) return undefined;
  let { name } = extendsType;
  while (name.next) name = name.next; // `sdk.HttpFilter`
  const { text } = name.identifier;
  for (const { kind, declarations } of range.source.statements) {
    if (kind !== importStatement) continue;
    const imported = declarations?.find((it) => it.name.text === text);
    if (imported) return imported.foreignName.text;
  }
  return text;
}

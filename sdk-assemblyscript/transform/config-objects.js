// Writes `read` for classes that extend ConfigObject, and says as a JSON schema what they take.
import { baseName, classesOf, isUserSource } from "./classes.js";

const fieldDeclaration = 55;
const methodDeclaration = 59;
const staticFlag = 32;
const readonlyFlag = 64;
const userDefinedError = 102;
const sdk = "@sluice/sdk-assemblyscript/assembly";
const integers = {
  i8: ["-128", "127"],
  u8: ["0", "255"],
  i16: ["-32768", "32767"],
  u16: ["0", "65535"],
  i32: ["-2147483648", "2147483647"],
  u32: ["0", "4294967295"],
  i64: ["-9007199254740992", "9007199254740992"],
  u64: ["0", "9007199254740992"],
};

/** Returns the schema of the object that is no part of another; undefined: there is none, or several. */
export function writeReaders(parser) {
  const sources = parser.sources.filter(isUserSource);
  const all = classesOf(sources);
  const configs = new Map();
  const parts = new Set();
  for (const source of sources) {
    for (const declaration of classesOf([source]).values()) {
      const name = declaration.name.text;
      if (!isConfig(name, all)) continue;
      const base = baseName(declaration);
      parts.add(base);
      // What its own `read` takes is not known.
      if (hasReader(declaration)) {
        configs.set(name, { base, isOpen: true, fields: [] });
        continue;
      }
      const fields = declaration.members.filter(isOwnField).map((it) => fieldOf(parser, it, all));
      if (fields.includes(undefined)) continue;
      for (const { part } of fields) if (part !== undefined) parts.add(part);
      configs.set(name, { base, isOpen: false, fields });
      addReader(parser, source, declaration, fields);
    }
  }
  const roots = [...configs.keys()].filter((name) => !parts.has(name));
  return roots.length === 1 ? schemaOf(roots[0], configs, []) : undefined;
}

function isConfig(name, all) {
  let at = name;
  for (let depth = 0; depth < 64 && all.has(at); depth += 1) at = baseName(all.get(at));
  return at === "ConfigObject" && name !== at;
}

function isOwnField(member) {
  return member.kind === fieldDeclaration && (member.flags & staticFlag) === 0;
}

function hasReader({ members }) {
  return members.some(({ kind, name }) => kind === methodDeclaration && name.text === "read");
}

/** How a field is read, and its schema; undefined, and an error, when its type cannot be read. */
function fieldOf(parser, declaration, all) {
  const { name, type, initializer, parameterIndex, range } = declaration;
  // The reader writes it after the constructor has.
  declaration.flags &= ~readonlyFlag;
  const isNullable = type?.isNullable ?? false;
  const typeName = type?.name?.identifier.text;
  const isList = typeName === "Array";
  const item = isList ? type.typeArguments[0].name?.identifier.text : typeName;
  const required = initializer === null && parameterIndex < 0 && !isNullable;
  const field = { name: name.text, required, isNullable };
  if (item !== undefined && all.has(item) && isConfig(item, all)) {
    const read = isList ? partsReader(field, item) : partReader(field, item);
    return { ...field, part: item, list: isList, read: onlyWhereGiven(field, read) };
  }
  const scalar = isList ? list(item) : single(item);
  if (scalar !== undefined) {
    const read = onlyWhereGiven(field, scalarReader(field, scalar));
    return { ...field, read, schema: scalar.schema };
  }
  parser.error(
    userDefinedError,
    (type ?? { range }).range,
    "a configuration's field must be a string, bool, number, another ConfigObject, or an array of strings, f64 or ConfigObjects; or write read(reader) yourself",
  );
  return undefined;
}

function scalarReader({ name, required, isNullable }, { call, empty }) {
  // A field without a default cannot be read before it has been set.
  const otherwise = required || isNullable ? empty : `this.${name}`;
  return `this.${name} = ${call.replaceAll("NAME", name).replaceAll("OTHERWISE", otherwise)};`;
}

function partReader({ name, required, isNullable }, type) {
  if (!required && !isNullable) return `reader.object("${name}", this.${name});`;
  return `const part = new ${type}(); this.${name} = part; reader.object("${name}", part);`;
}

function partsReader({ name, required }, type) {
  const isGiven = required ? "true" : `count > 0 || reader.has("${name}")`;
  return `const count = reader.count("${name}"); if (${isGiven}) { const parts: ${type}[] = []; for (let i = 0; i < count; i++) { const part = new ${type}(); reader.item("${name}", i, part); parts.push(part); } this.${name} = parts; }`;
}

/** A field that may be null stays what it is where the member is missing or null. */
function onlyWhereGiven({ name, isNullable }, read) {
  return isNullable ? `if (reader.has("${name}")) { ${read} }` : `{ ${read} }`;
}

function single(type) {
  if (type === "string")
    return { call: 'reader.text("NAME", OTHERWISE)', empty: '""', schema: { type: "string" } };
  if (type === "bool")
    return { call: 'reader.bool("NAME", OTHERWISE)', empty: "false", schema: { type: "boolean" } };
  if (type === "f64" || type === "f32") {
    const call = `<${type}>reader.number("NAME", OTHERWISE)`;
    return { call, empty: "0", schema: { type: "number" } };
  }
  if (!Object.hasOwn(integers, type)) return undefined;
  const [least, most] = integers[type];
  return {
    call: `<${type}>reader.integer("NAME", <i64>OTHERWISE, ${least}, ${most})`,
    empty: "0",
    schema: { type: "integer", minimum: Number(least), maximum: Number(most) },
  };
}

function list(item) {
  const schema = (type) => ({ type: "array", items: { type } });
  if (item === "string")
    return { call: 'reader.texts("NAME", OTHERWISE)', empty: "[]", schema: schema("string") };
  if (item === "f64")
    return { call: 'reader.numbers("NAME", OTHERWISE)', empty: "[]", schema: schema("number") };
  return undefined;
}

/** What the compiler calls the readers that were written for the classes of a file. */
export function writtenFileOf(internalPath) {
  return `${internalPath}~config`;
}

function addReader(parser, source, declaration, fields) {
  const lines = fields.flatMap(({ name, required, read }) =>
    required ? [`reader.required("${name}");`, read] : [read],
  );
  const text = `import { ConfigReader as SluiceConfigReader } from "${sdk}";
class Written extends SluiceConfigReader { override read(reader: SluiceConfigReader): void { super.read(reader); ${lines.join(" ")} } }`;
  const snippet = new parser.constructor(parser.diagnostics);
  snippet.parseFile(text, `${writtenFileOf(source.internalPath)}.ts`, false);
  const [parsed] = snippet.sources;
  // What is written belongs to the file that the class stands in.
  parsed.internalPath = source.internalPath;
  const [imported, written] = parsed.statements;
  if (!source.statements.some((statement) => statement.isSluiceImport)) {
    imported.isSluiceImport = true;
    source.statements.unshift(imported);
  }
  declaration.members.push(written.members[0]);
}

function schemaOf(name, configs, above) {
  const properties = {};
  const required = [];
  for (let at = name; at !== "ConfigObject"; at = configs.get(at).base) {
    const { isOpen, fields } = configs.get(at) ?? { isOpen: true };
    if (isOpen) return { type: "object" };
    for (const field of fields) {
      const { part } = field;
      const inner = part === undefined ? field.schema : partSchema(part, configs, [...above, name]);
      properties[field.name] = field.list ? { type: "array", items: inner } : inner;
      if (field.required) required.push(field.name);
    }
  }
  return {
    type: "object",
    properties,
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}

/** A class within itself is any object. */
function partSchema(part, configs, above) {
  return above.includes(part) ? { type: "object" } : schemaOf(part, configs, above);
}

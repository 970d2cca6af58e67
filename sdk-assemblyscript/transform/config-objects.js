// Writes `read` for classes that extend ConfigObject, and says as a JSON schema what they take.
import { baseName, classesOf, isUserSource } from "./classes.js";

const fieldDeclaration = 55;
const methodDeclaration = 59;
const staticFlag = 32;
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
  const schemas = new Map();
  const parts = new Set();
  for (const source of sources) {
    const configs = [...classesOf([source]).values()].filter((it) => isConfig(it.name.text, all));
    for (const declaration of configs) {
      const fields = declaration.members.filter(isOwnField).map((it) => fieldOf(parser, it, all));
      if (fields.includes(undefined)) continue;
      for (const { part } of fields) if (part !== undefined) parts.add(part);
      schemas.set(declaration.name.text, fields);
      if (!hasReader(declaration)) addReader(parser, source, declaration, fields);
    }
  }
  const roots = [...schemas.keys()].filter((name) => !parts.has(name));
  return roots.length === 1 ? schemaOf(roots[0], schemas, []) : undefined;
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
function fieldOf(parser, { name, type, initializer, range }, all) {
  const typeName = type?.name?.identifier.text;
  const isList = typeName === "Array";
  const item = isList ? type.typeArguments[0].name?.identifier.text : typeName;
  const required = initializer === null;
  const field = { name: name.text, required };
  const isPart = item !== undefined && all.has(item) && isConfig(item, all);
  if (isPart && isList) {
    const read = `this.${field.name} = []; for (let i = 0, count = reader.count("${field.name}"); i < count; i++) { const item = new ${item}(); reader.item("${field.name}", i, item); this.${field.name}.push(item); }`;
    return { ...field, part: item, read, list: true };
  }
  if (isPart) {
    const made = required ? `this.${field.name} = new ${item}(); ` : "";
    const read = `${made}reader.object("${field.name}", this.${field.name});`;
    return { ...field, part: item, read };
  }
  const scalar = isList ? list(item) : single(item);
  if (scalar !== undefined) {
    // A field without a default cannot be read before it has been set.
    const otherwise = required ? scalar.empty : `this.${field.name}`;
    const call = scalar.call.replaceAll("NAME", field.name).replaceAll("OTHERWISE", otherwise);
    return { ...field, read: `this.${field.name} = ${call};`, schema: scalar.schema };
  }
  parser.error(
    userDefinedError,
    (type ?? { range }).range,
    "a configuration's field must be a string, bool, number, another ConfigObject, or an array of strings, f64 or ConfigObjects",
  );
  return undefined;
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

function schemaOf(name, schemas, above) {
  const properties = {};
  const required = [];
  for (const field of schemas.get(name) ?? []) {
    const { part } = field;
    const inner = part === undefined ? field.schema : partSchema(part, schemas, [...above, name]);
    properties[field.name] = field.list ? { type: "array", items: inner } : inner;
    if (field.required) required.push(field.name);
  }
  return {
    type: "object",
    properties,
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}

/** A class within itself is any object. */
function partSchema(part, schemas, above) {
  return above.includes(part) ? { type: "object" } : schemaOf(part, schemas, above);
}

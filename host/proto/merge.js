// Adds the fields of an overlay .proto file to Envoy's own file of the same path.
//
// An overlay file is ordinary protobuf syntax, but holds only what differs: a message, enum or oneof that
// the base file has already is extended, one that it has not is appended, a field or option that it has
// is replaced, imports are joined. The result is one .proto file, so that the compiler checks numbers,
// names and types as always.

/**
 * @typedef {{ keyword: string, name: string, start: number, end: number, body: number, blocks: Block[], statements: [number, number][] }} Block
 */

/** The base file's text, changed by the overlay. Throws on what the scanner does not understand. */
export function mergeProto(baseText, overlayText) {
  const base = parse(baseText);
  const overlay = parse(overlayText);
  /** Start, end, new text. @type {[number, number, string][]} */
  const edits = [];
  const present = new Set(importsOf(baseText, base));
  const imports = importsOf(overlayText, overlay).filter((line) => !present.has(line));
  const at = afterPackage(baseText, base);
  if (imports.length > 0) edits.push([at, at, `\n${imports.join("\n")}`]);
  extend(overlay, base, { overlayText, baseText, edits });
  edits.sort((a, b) => b[0] - a[0]);
  let text = baseText;
  for (const [start, end, added] of edits) text = text.slice(0, start) + added + text.slice(end);
  return text;
}

/** The paths that a .proto file imports. */
export function importedPaths(text) {
  return importsOf(text, parse(text)).map((line) => /"([^"]+)"/.exec(line)[1]);
}

function importsOf(text, file) {
  return file.statements
    .map(([start, end]) => text.slice(start, end))
    .filter((line) => /^import\s/.test(line));
}

function afterPackage(text, file) {
  const found = file.statements.find(([start, end]) => /^package\s/.test(text.slice(start, end)));
  if (!found) throw new Error("no package statement");
  return found[1];
}

function extend(overlay, base, texts) {
  const { overlayText, baseText, edits } = texts;
  const atEnd = base.end - (base.keyword === "file" ? 0 : 1);
  const added = [];
  for (const [start, end] of base.keyword === "file" ? [] : overlay.statements) {
    const text = overlayText.slice(start, end);
    const name = declared(text);
    const same = base.statements.find(([from, to]) => declared(baseText.slice(from, to)) === name);
    if (same) edits.push([same[0], same[1], text]);
    else added.push(text);
  }
  for (const block of overlay.blocks) {
    const same = base.blocks.find((b) => b.keyword === block.keyword && b.name === block.name);
    if (same) extend(block, same, texts);
    else added.push(overlayText.slice(block.start, block.end));
  }
  if (added.length > 0) edits.push([atEnd, atEnd, `\n${added.join("\n")}\n`]);
}

/** What a statement in a block defines: `name = number` of a field or value, or the option's name. */
function declared(statement) {
  const option = /^option\s+([^\s=]+)/.exec(statement);
  if (option) return option[1];
  const field = /(\w+)\s*=\s*(-?\d+)/.exec(statement);
  return field ? `${field[1]} = ${field[2]}` : statement;
}

const blockHead = /(message|enum|oneof|extend|service)\s+([\w.]+)\s*\{/y;

/** The structure of a .proto file: blocks with their statements, by offset. */
function parse(text) {
  /** @type {Block} */
  const file = block("file", "", 0, 0);
  file.end = parseBody(text, 0, file);
  return file;
}

function block(keyword, name, start, body) {
  return { keyword, name, start, end: 0, body, blocks: [], statements: [] };
}

function parseBody(text, from, owner) {
  let at = skipBlank(text, from);
  while (at < text.length && text[at] !== "}") {
    blockHead.lastIndex = at;
    const head = blockHead.exec(text);
    if (head) {
      const child = block(head[1], head[2], at, blockHead.lastIndex);
      if (head[1] === "service") child.end = skipGroup(text, blockHead.lastIndex - 1);
      else child.end = parseBody(text, blockHead.lastIndex, child) + 1;
      owner.blocks.push(child);
      at = child.end;
    } else {
      const end = statementEnd(text, at);
      owner.statements.push([at, end]);
      at = end;
    }
    at = skipBlank(text, at);
  }
  return at;
}

function statementEnd(text, from) {
  let at = from;
  while (at < text.length) {
    const next = skipBlank(text, at);
    if (next !== at) at = next;
    else if (text[at] === ";") return at + 1;
    else if (text[at] === "{" || text[at] === "[") at = skipGroup(text, at);
    else if (text[at] === '"' || text[at] === "'") at = skipString(text, at);
    else at += 1;
  }
  throw new Error(`unfinished statement: ${text.slice(from, from + 60)}`);
}

/** The offset behind the bracket that closes the one at `from`. */
function skipGroup(text, from) {
  let depth = 0;
  let at = from;
  while (at < text.length) {
    const next = skipBlank(text, at);
    if (next !== at) {
      at = next;
      continue;
    }
    const char = text[at];
    if (char === '"' || char === "'") {
      at = skipString(text, at);
      continue;
    }
    at += 1;
    if (char === "{" || char === "[") depth += 1;
    if (char === "}" || char === "]") depth -= 1;
    if (depth === 0) return at;
  }
  throw new Error(`unclosed bracket: ${text.slice(from, from + 60)}`);
}

function skipString(text, from) {
  let at = from + 1;
  while (text[at] !== text[from]) at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

const blank = /(?:\s+|\/\/[^\n]*|\/\*[^]*?\*\/)*/y;

/** Past white space and comments. */
function skipBlank(text, from) {
  blank.lastIndex = from;
  blank.exec(text);
  return blank.lastIndex;
}

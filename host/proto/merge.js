// Adds the fields of an overlay .proto file to Envoy's own file of the same path.
//
// An overlay file is ordinary protobuf syntax, but holds only what is added: a message, enum or oneof
// that the base file has already is extended, one that it has not is appended, imports are joined. The
// result is one .proto file, so that the compiler checks numbers, names and types as always.

/**
 * @typedef {{ keyword: string, name: string, start: number, end: number, body: number, blocks: Block[], statements: [number, number][] }} Block
 */

/** The base file's text with what the overlay adds. Throws on what the scanner does not understand. */
export function mergeProto(baseText, overlayText) {
  const base = parse(baseText);
  const overlay = parse(overlayText);
  /** @type {[number, string][]} */
  const insertions = [];
  const statements = overlay.statements.map(([start, end]) => overlayText.slice(start, end));
  const present = new Set(importsOf(baseText, base));
  const imports = statements.filter((text) => /^import\s/.test(text) && !present.has(text));
  if (imports.length > 0)
    insertions.push([afterPackage(baseText, base), `\n${imports.join("\n")}`]);
  extend(overlay, base, overlayText, insertions);
  insertions.sort((a, b) => b[0] - a[0]);
  let text = baseText;
  for (const [at, added] of insertions) text = text.slice(0, at) + added + text.slice(at);
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

function extend(overlay, base, overlayText, insertions) {
  const atEnd = base.end - (base.keyword === "file" ? 0 : 1);
  const added = [];
  if (base.keyword !== "file") {
    for (const [start, end] of overlay.statements) added.push(overlayText.slice(start, end));
  }
  for (const block of overlay.blocks) {
    const same = base.blocks.find((b) => b.keyword === block.keyword && b.name === block.name);
    if (same) extend(block, same, overlayText, insertions);
    else added.push(overlayText.slice(block.start, block.end));
  }
  if (added.length > 0) insertions.push([atEnd, `\n${added.join("\n")}\n`]);
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

// Writes sdk-assemblyscript/docs/reference.md: what the SDK exports, as its sources say it.
//
//   node -C sluice-source test/tools/sdk-reference.ts
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const sdk = path.resolve(import.meta.dirname, "../../sdk-assemblyscript");
const assembly = path.join(sdk, "assembly");
export const referenceFile = path.join(sdk, "docs/reference.md");

/** What stands between a comment and what it is about. */
interface Documented {
  readonly comment: string;
  readonly signature: string;
}

interface Declaration extends Documented {
  readonly name: string;
  readonly members: readonly Documented[];
}

/** The page. */
export function sdkReference(): string {
  const parts = exportedNames().map(([file, names]) => {
    const text = readFileSync(path.join(assembly, `${file}.ts`), "utf8");
    return names.map((name) => declarationText(declarationOf(text, name, file), file)).join("\n");
  });
  return `# Reference

What \`@sluice/sdk-assemblyscript/assembly\` exports. Made from the sources: \`node -C sluice-source test/tools/sdk-reference.ts\`.
How it all fits together: [README](../README.md).

${parts.join("\n")}`;
}

/** Names by file, in the order of `index.ts`. */
function exportedNames(): [file: string, names: string[]][] {
  const index = readFileSync(path.join(assembly, "index.ts"), "utf8");
  const exported = index.matchAll(/export \{([^}]*)\} from "\.\/([^"]+)";/g);
  return [...exported].map(([, names = "", file = ""]) => [
    file,
    names
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== ""),
  ]);
}

function declarationOf(text: string, name: string, file: string): Declaration {
  const found = new RegExp(
    `^export (?:abstract )?(?:class|enum|function|const|namespace) ${name}\\b`,
    "m",
  ).exec(text);
  if (found === null) throw new Error(`${file}.ts does not declare ${name}`);
  const { index } = found;
  const open = text.indexOf("{", index);
  const isFunction = found[0].includes(" function ");
  const signature = oneLine(text.slice(index, open).replace(/^export /, ""));
  const comment = commentBefore(text, index);
  if (isFunction) return { name, comment, signature: `${signature};`, members: [] };
  const body = text.slice(open + 1, text.indexOf("\n}", open));
  const members = found[0].includes(" enum ") ? enumMembers(body) : classMembers(body);
  return { name, comment, signature, members };
}

/** The comment that ends right before `end`. */
function commentBefore(text: string, end: number): string {
  const comment = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*$/.exec(text.slice(0, end))?.[1] ?? "";
  const lines = comment.split("\n").map((line) => line.replace(/^\s*\* ?/, ""));
  return lines.join("\n").trim();
}

/** Members that are for everybody: those at the class's own depth, without `private` and `protected`. */
function classMembers(body: string): Documented[] {
  const members: Documented[] = [];
  // A member begins behind two blanks.
  for (const match of body.matchAll(/^ {2}(?! |\}|\)|\/|\*|@)(.*)$/gm)) {
    const rest = body.slice(match.index);
    const signature = oneLine(signatureAt(rest));
    if (/^(private|protected|static private)\b/.test(signature)) continue;
    members.push({ comment: commentBefore(body, match.index), signature: publicOnly(signature) });
  }
  return members;
}

/** Up to the body, the initial value or the semicolon, parentheses balanced. */
function signatureAt(text: string): string {
  let depth = 0;
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i]!;
    if ("([<".includes(character)) depth += 1;
    else if (")]>".includes(character)) depth -= 1;
    else if (depth === 0 && "{;=".includes(character)) return text.slice(0, i);
  }
  return text;
}

/** A constructor's parameters without what they are to the class. */
function publicOnly(signature: string): string {
  return signature.replaceAll(/\b(?:private|protected|public) (?:readonly )?/g, "");
}

function enumMembers(body: string): Documented[] {
  return [...body.matchAll(/^ {2}(\w+)(?: = [^,\n]+)?,?/gm)].map((match) => ({
    comment: commentBefore(body, match.index),
    signature: match[1]!,
  }));
}

/** Without comments between parameters, line breaks and trailing commas. */
function oneLine(text: string): string {
  return text
    .replaceAll(/\/\*\*?[\s\S]*?\*\//g, "")
    .replaceAll(/\s+/g, " ")
    .replaceAll("( ", "(")
    .replaceAll(/,? \)/g, ")")
    .trim();
}

function declarationText({ name, comment, signature, members }: Declaration, file: string): string {
  const lines = [`## ${name}`, "", `[\`assembly/${file}.ts\`](../assembly/${file}.ts)`, ""];
  lines.push("```ts", signature, "```", "");
  if (comment !== "") lines.push(comment, "");
  for (const member of members) {
    const text = member.comment.replaceAll("\n", "\n  ");
    lines.push(`- \`${member.signature}\`${text === "" ? "" : `: ${text}`}`);
  }
  if (members.length > 0) lines.push("");
  return lines.join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(referenceFile, sdkReference());
}

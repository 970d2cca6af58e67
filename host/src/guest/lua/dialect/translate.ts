/**
 * Text for Lua 5.4's parser from text for LuaJIT's: numerals become floats, since LuaJIT has no other numbers, and
 * operators and attributes that LuaJIT does not know become what 5.4 does not know either, so that its own parser
 * refuses them in the right place. Lines stay where they are. Takes and gives latin1.
 */
export function translateSource(source: string): string {
  let expectsName = false;
  let afterLocalName = false;
  return source.replaceAll(tokens, (token) => {
    if (token.startsWith("--")) return token;
    const afterName = afterLocalName;
    afterLocalName = false;
    const code = token.charCodeAt(0);
    if (isNameStart(code)) {
      afterLocalName = expectsName && token !== "function";
      expectsName = token === "local";
      return token;
    }
    expectsName = afterName && token === ",";
    if (isDigit(code)) return floatNumeral(token);
    if (afterName && token === "<") return unknownSymbols["<"];
    if (token in unknownSymbols && token !== "<") {
      return unknownSymbols[token as keyof typeof unknownSymbols];
    }
    return spacedOperators[token] ?? token;
  });
}

/** Undoes in a message of the parser what the translation did to the token that it quotes. */
export function restoreTokens(message: string, source: string): string {
  let text = message;
  for (const [symbol, stand] of Object.entries(unknownSymbols)) {
    text = text.replace(`'<\\${stand.charCodeAt(0)}>'`, `'${symbol}'`);
  }
  return text.replace(/near '(\w+)(?:\.0|p0)'$/, (whole, numeral: string) =>
    source.includes(whole.slice(6, -1)) ? whole : `near '${numeral}'`,
  );
}

/** Comments, strings, names, numerals, then single symbols; an unfinished string or comment goes to the end. */
const tokens =
  /--\[(=*)\[[^]*?(?:\]\1\]|$)|--[^\n]*|\[(=*)\[[^]*?(?:\]\2\]|$)|"(?:\\z\s*|\\[^]|[^"\\\n])*"?|'(?:\\z\s*|\\[^]|[^'\\\n])*'?|[A-Za-z_]\w*|\.{2,3}|0[xX](?:[pP][+-]|[\w.])*|\.?\d(?:[eE][+-]|[\w.])*|\/\/|<<|>>|[~<>=]=|\S/g;

/** Operators of 5.4 only, and the bracket of an attribute, as control characters: 5.4 refuses those by number. */
const unknownSymbols = { "&": "\x01", "|": "\x02", "~": "\x03", "<": "\x04" } as const;

/** LuaJIT reads two symbols. */
const spacedOperators: { readonly [operator: string]: string } = {
  "//": "/ /",
  "<<": "< <",
  ">>": "> >",
};

function isNameStart(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** `token` begins with a digit. Most are short, and a text may consist of them. */
function floatNumeral(token: string): string {
  let digits = 1;
  while (isDigit(token.charCodeAt(digits))) digits += 1;
  if (digits === token.length) return `${token}.0`;
  if (/^0[xX][0-9a-fA-F]+$/.test(token)) return `${token}p0`;
  return token;
}

/** What Lua 5.4 says, and what LuaJIT says about the same. Only whole ends of a message are replaced. */
const rewrites: readonly (readonly [RegExp, string])[] = [
  // A position in the prelude.
  [/^sluice:\d+: /, ""],
  [
    /attempt to ([a-z ]+?) (an? \w+ value) \((local|global|field|method|upvalue) ('[^']*')\)/,
    "attempt to $1 $3 $4 ($2)",
  ],
  [/(attempt to [a-z ]+? an? \w+ value) \(constant .*\)$/, "$1"],
  [
    /attempt to \w+ a '(?!number')(\w+)' with a '\w+'$/,
    "attempt to perform arithmetic on a $1 value",
  ],
  [/attempt to \w+ a 'number' with a '(\w+)'$/, "attempt to perform arithmetic on a $1 value"],
  [
    /bad 'for' (limit|initial value|step) \(number expected, got .*\)$/,
    "'for' $1 must be a number",
  ],
  [/ \(for iterator 'for iterator'\)$/, ""],
  [/to 'for iterator' \(table expected, got (\w+)\)$/, "to 'pairs' (table expected, got $1)"],
  [/to '(max|min)' \(value expected\)$/, "to '$1' (number expected, got no value)"],
  [/\(string\/function\/table expected, got .*\)$/, "(string/function/table expected)"],
  [/to 'format' \(no value\)$/, "to 'format' (value expected)"],
  [/to 'char' \(value out of range\)$/, "to 'char' (invalid value)"],
  [/\(nil or table expected, got .*\)$/, "(nil or table expected)"],
  [/\(thread expected, got .*\)$/, "(coroutine expected)"],
  [/invalid capture index %\d+.*$/, "invalid capture index"],
  [/invalid conversion ('[^']*') to 'format'$/, "invalid option $1 to 'format'"],
  [/ near <eof>$/, " near '<eof>'"],
  [/: syntax error near /, ": '=' expected near "],
  [/: <(name|eof)> expected near /, ": '<$1>' expected near "],
  [/break outside (?:a )?loop at line \d+.*$/, "no loop to break"],
  [/no visible label ('[^']*') for <?goto>? at line \d+$/, "undefined label $1"],
  [/label ('[^']*') already defined on line \d+$/, "duplicate label $1"],
  [/(unfinished long \w+) \(starting at line \d+\)/, "$1"],
];

/** Longer texts are a script's own. Some patterns take time with the square of the length, and nothing stops them. */
const messageMax = 4096;

/** An error text of Lua 5.4 in LuaJIT's words, where operators and scripts may look for them. */
export function luajitMessage(text: string): string {
  if (text.length > messageMax) return text;
  let result = text;
  for (const [pattern, replacement] of rewrites) result = result.replace(pattern, replacement);
  return result;
}

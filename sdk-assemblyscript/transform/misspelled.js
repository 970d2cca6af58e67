// A callback whose name is off by a letter overrides nothing, and nobody would ever call it.

const sdk = "~lib/@sluice/sdk-assemblyscript/assembly/";
const callback = /^(on|create)/;
const userDefinedError = 102;
const lettersOff = 2;

/** Reports methods of filters and plugins that are called nearly as a callback is. */
export function refuseMisspelled(program) {
  for (const element of program.elementsByName.values()) {
    if (element.internalName.startsWith(sdk)) continue;
    const known = callbacksOf(element);
    for (const [name, { identifierNode }] of element.instanceMembers ?? []) {
      if (!callback.test(name) || known.includes(name)) continue;
      const meant = known.find((each) => isNear(name.toLowerCase(), each.toLowerCase()));
      if (meant === undefined) continue;
      const message = `nothing calls "${name}"; did you mean ${meant}? A method of the filter's own needs another name`;
      program.error(userDefinedError, identifierNode.range, message);
    }
  }
}

/** Names of what it may override of the SDK's classes that it extends. */
function callbacksOf(element) {
  const names = [];
  for (let base = element.basePrototype; base; base = base.basePrototype) {
    if (!base.internalName.startsWith(sdk)) continue;
    for (const name of base.instanceMembers?.keys() ?? []) {
      if (callback.test(name)) names.push(name);
    }
  }
  return names;
}

/** Whether at most two letters are too many, missing or others. */
function isNear(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const changed = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length] <= lettersOff;
}

// What is embedded: the filter's name and version, what it calls, what its configuration may be, and where it matters.

const importedFlag = 2097152;
const compiledFlag = 8388608;
const hostCall = /\/env\/(proxy|sluice|envoy)_\w+$|\/wasi_snapshot_preview1\/\w+$/;

/**
 * The section's content. Name, version and `sluice.predicate` are those of the package.json beside the main file's
 * folder, or in it.
 */
export async function describeFilter({ program, baseDir, readFile }, entryFolder, configSchema) {
  const { name, version, sluice = {} } = await packageOf(baseDir, readFile, entryFolder);
  const { predicate, ...others } = sluice;
  for (const key of Object.keys(others)) wrong(`.${key}`, "is not known; there is predicate");
  if (predicate !== undefined) checkPredicate(predicate);
  return { name, version, capabilities: capabilities(program), configSchema, predicate };
}

async function packageOf(baseDir, readFile, entryFolder) {
  const folder = entryFolder === "" ? "." : entryFolder;
  for (const file of [`${folder}/package.json`, `${folder}/../package.json`]) {
    const text = await readFile(file, baseDir);
    if (text === null) continue;
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new Error(`${file}: ${error.message}`, { cause: error });
    }
  }
  return {};
}

function capabilities(program) {
  const names = [];
  for (const element of program.instancesByName.values()) {
    if ((element.flags & importedFlag) === 0 || (element.flags & compiledFlag) === 0) continue;
    if (hostCall.test(element.internalName)) names.push(element.name);
  }
  return names.sort((a, b) => (a < b ? -1 : 1));
}

function checkPredicate(predicate) {
  if (typeof predicate !== "object" || predicate === null) wrong(".predicate", "must be an object");
  const { paths, header, body, ...others } = predicate;
  for (const name of Object.keys(others))
    wrong(`.predicate.${name}`, "is not known; there are paths, header, body");
  const isList = Array.isArray(paths) && paths.length > 0;
  if (paths !== undefined && !(isList && paths.every(isPathPrefix))) {
    wrong(".predicate.paths", "must be a list of prefixes, each beginning with a slash");
  }
  if (header !== undefined && !(typeof header === "string" && headerName.test(header))) {
    wrong(".predicate.header", "must be the name of a header");
  }
  if (body !== undefined && body !== false) wrong(".predicate.body", "can only be false");
}

const headerName = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i;

function isPathPrefix(value) {
  return typeof value === "string" && value.startsWith("/");
}

function wrong(path, text) {
  throw new Error(`package.json: $.sluice${path}: ${text}`);
}

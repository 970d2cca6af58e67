import path from "node:path";
import type { MapNode } from "../../config/node.ts";
import type { ProblemList } from "../../config/problem.ts";
import { Source } from "../../config/source.ts";
import { parseYaml } from "../../config/yaml.ts";
import type { ReadContext } from "./content.ts";
import { MapReader, placeOf, type Value } from "./map-reader.ts";
import { checkProtocol, readCases } from "./read-case.ts";
import { readChains } from "./read-filters.ts";
import { readSettings } from "./read-settings.ts";
import { entriesOf, type Suite } from "./suite.ts";

/**
 * A suite out of its text; undefined when something is wrong with it, which is reported. `fromProgram`: steps come one by
 * one, so that there may be none yet.
 */
export function readSuite(
  file: string,
  text: string,
  problems: ProblemList,
  fromProgram = false,
): Suite | undefined {
  const source = new Source(file, text);
  const before = problems.errors.length;
  const node = parseYaml(source, problems, { json: false });
  if (node === undefined || problems.errors.length > before) return undefined;
  const folder = path.dirname(path.resolve(file));
  const value: Value = { node, path: "", place: placeOf(node, "") };
  if (node.kind !== "map") {
    problems.error(value.place, "a suite is a group of fields: filters, cases and more");
    return undefined;
  }
  const suite = readFields(
    new MapReader(value, problems),
    { file, node },
    { problems, folder, fromProgram },
  );
  return problems.errors.length > before ? undefined : suite;
}

function readFields(
  reader: MapReader,
  { file }: { readonly file: string; readonly node: MapNode },
  context: ReadContext,
): Suite {
  const chains = readChains(reader, context);
  const settings = readSettings(reader, context);
  checkProtocol(reader, chains);
  const cases = reader.get("cases");
  if (cases === undefined) reader.error(reader, "has no cases");
  const suite: Suite = {
    file,
    folder: context.folder,
    chains,
    settings,
    cases: cases === undefined ? [] : readCases(cases, { ...context, chains, settings }),
  };
  checkBudget(reader, suite);
  reader.end();
  return suite;
}

function checkBudget(reader: MapReader, { chains, settings, cases }: Suite): void {
  const entries = entriesOf(chains);
  if (entries.length === 0 || entries.some(({ kind }) => kind !== "native")) return;
  const places = cases.filter((test) => Object.keys(test.settings.budget).length > 0);
  const hasOwn = Object.values(settings.budget).some((each) => each !== undefined);
  const place = hasOwn ? reader.get("budget")?.place : places[0]?.place;
  if (place !== undefined && (hasOwn || places.length > 0)) {
    reader.error(
      { place },
      "a budget can never be exceeded here: only Wasm modules and Lua scripts are counted",
    );
  }
}

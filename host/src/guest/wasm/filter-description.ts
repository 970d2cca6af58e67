import type { Section } from "@sluice/abi";

/** What a module says of itself in its custom section `sluice.filter`. */
export interface FilterDescription {
  /** `name version`, as far as they are given; empty: not at all. */
  readonly title: string;
  /** Host calls that it makes, as far as it says. */
  readonly capabilities: readonly string[];
  /** False: each VM is to be started, none made by copying. */
  readonly clones: boolean;
  /** For which HTTP streams it matters; undefined: for all. */
  readonly predicate: FilterPredicate | undefined;
}

/** All that is given must hold. */
export interface FilterPredicate {
  /** The path begins with one of them. */
  readonly paths: readonly string[] | undefined;
  /** The request has a header of that name, in lower case. */
  readonly header: string | undefined;
  /** False: bodies do not matter, and body callbacks are not made. */
  readonly bodies: boolean;
}

const sectionName = "sluice.filter";
const sectionBytesMax = 65_536;
const titleMax = 128;

/**
 * Reads the section; undefined when there is none. What is wrong with it is an error's text: a predicate that is
 * not understood must not be left out, nor half of it be believed.
 */
export function readDescription(
  module: Uint8Array,
  sections: readonly Section[],
): FilterDescription | string | undefined {
  const section = sections.find(({ name }) => name === sectionName);
  if (section === undefined) return undefined;
  if (section.end - section.start > sectionBytesMax) {
    return `custom section ${sectionName}: more than 64 KiB`;
  }
  // The section's name stands before its content, which is an object.
  const content = module.subarray(section.start, section.end);
  const json = content.subarray(Math.max(content.indexOf(0x7b), 0));
  try {
    return describe(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json)));
  } catch (error) {
    return `custom section ${sectionName}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function describe(value: unknown): FilterDescription {
  const { name, version, capabilities, clone, predicate } = objectOf(value, "$");
  if (clone !== undefined && clone !== false) throw new Error("$.clone can only be false");
  const title = [name, version].filter((part) => typeof part === "string").join(" ");
  return {
    title: title.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, titleMax),
    capabilities: isTexts(capabilities) ? capabilities.filter((it) => /^\w+$/.test(it)) : [],
    clones: clone === undefined,
    predicate: predicate === undefined ? undefined : readPredicate(predicate),
  };
}

function readPredicate(value: unknown): FilterPredicate {
  const { paths, header, body, ...others } = objectOf(value, "$.predicate");
  for (const name of Object.keys(others)) throw new Error(`$.predicate.${name} is not known`);
  if (paths !== undefined && !isTexts(paths)) {
    throw new Error("$.predicate.paths must be a list of prefixes");
  }
  if (header !== undefined && typeof header !== "string") {
    throw new Error("$.predicate.header must be a name");
  }
  if (body !== undefined && body !== false) throw new Error("$.predicate.body can only be false");
  return { paths, header: header?.toLowerCase(), bodies: body === undefined };
}

function objectOf(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new Error(`${path} must be an object`);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((it) => typeof it === "string");
}

/** A module's exports without the callbacks that it says do not matter. */
export function wantedExports(
  exports: WebAssembly.Exports,
  description: FilterDescription | undefined,
): WebAssembly.Exports {
  if (description?.predicate === undefined || description.predicate.bodies) return exports;
  const { proxy_on_request_body: _request, proxy_on_response_body: _response, ...wanted } = exports;
  return wanted;
}

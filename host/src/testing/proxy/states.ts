import type { TestCase } from "../suite/suite.ts";

/** Dynamic metadata and filter state that the case asks for. */
export function statesOf(test: TestCase): {
  readonly namespaces: readonly string[];
  readonly filterStates: readonly string[];
} {
  const namespaces = new Set<string>();
  const filterStates = new Set<string>();
  for (const { expectation } of test.steps) {
    for (const { name } of expectation?.metadata ?? []) namespaces.add(name);
    for (const { name } of expectation?.filterState ?? []) filterStates.add(name);
  }
  return { namespaces: [...namespaces], filterStates: [...filterStates] };
}

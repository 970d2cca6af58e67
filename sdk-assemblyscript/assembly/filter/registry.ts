import { HttpFilter } from "./http-filter";
import { Plugin } from "./plugin";

// Who creates whom:
//
//   registerPlugin(factory) ─> Plugin, one per root context ─> HttpFilter, one per stream context

let createPlugin: () => Plugin = (): Plugin => new Plugin();
const plugins = new Map<u32, Plugin>();
const filters = new Map<u32, HttpFilter>();

/** Says what the module is: once, at the top level of its main file. */
export function registerPlugin(factory: () => Plugin): void {
  createPlugin = factory;
}

/** `parent` 0: a plugin. */
export function createContext(id: u32, parent: u32): void {
  if (parent == 0) plugins.set(id, createPlugin());
  else filters.set(id, plugins.get(parent).createHttpFilter());
}

export function pluginOf(id: u32): Plugin {
  return plugins.get(id);
}

export function filterOf(id: u32): HttpFilter {
  return filters.get(id);
}

export function isPlugin(id: u32): bool {
  return plugins.has(id);
}

export function deleteContext(id: u32): void {
  if (!filters.delete(id)) plugins.delete(id);
}

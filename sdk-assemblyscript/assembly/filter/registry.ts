import { Context } from "./context";
import { HttpFilter } from "./http-filter";
import { ListenerFilter } from "./listener-filter";
import { NetworkFilter } from "./network-filter";
import { Plugin } from "./plugin";
import { Stream } from "./stream";

// Who creates whom:
//
//   registerPlugin(factory) ─> Plugin, one per root context ─┬> HttpFilter, one per HTTP stream
//                                                            ├> NetworkFilter, one per connection
//                                                            └> ListenerFilter, one per accepted socket
//
// When a stream's context is created the host does not say what it is: the first callback does. Until then its place
// in the table is taken by its plugin.

let createPlugin: () => Plugin = (): Plugin => new Plugin();
const contexts = new Map<u32, Context>();

/** Says what the module is: once, at the top level of its main file. */
export function registerPlugin(factory: () => Plugin): void {
  createPlugin = factory;
}

/** `parent` 0: a plugin. */
export function createContext(id: u32, parent: u32): void {
  if (parent != 0) {
    contexts.set(id, contexts.get(parent));
    return;
  }
  const plugin = createPlugin();
  plugin.contextId = id;
  contexts.set(id, plugin);
}

/** Null when it has ended, or nothing has happened to it yet. */
export function findContext(id: u32): Context | null {
  if (!contexts.has(id)) return null;
  const context = contexts.get(id);
  return context.contextId == id ? context : null;
}

export function pluginOf(id: u32): Plugin {
  return changetype<Plugin>(contexts.get(id));
}

export function filterOf(id: u32): HttpFilter {
  const context = contexts.get(id);
  if (context.contextId == id) return changetype<HttpFilter>(context);
  const created = changetype<Plugin>(context).createHttpFilter();
  const filter = created === null ? new HttpFilter() : created;
  keep(id, filter);
  return filter;
}

export function networkFilterOf(id: u32): NetworkFilter {
  const context = contexts.get(id);
  if (context.contextId == id) return changetype<NetworkFilter>(context);
  const created = changetype<Plugin>(context).createNetworkFilter();
  const filter = created === null ? new NetworkFilter() : created;
  keep(id, filter);
  return filter;
}

export function listenerFilterOf(id: u32): ListenerFilter {
  const context = contexts.get(id);
  if (context.contextId == id) return changetype<ListenerFilter>(context);
  const created = changetype<Plugin>(context).createListenerFilter();
  const filter = created === null ? new ListenerFilter() : created;
  keep(id, filter);
  return filter;
}

/** Of whatever kind. A stream to which nothing has happened before it is logged is an HTTP filter's, where there is one. */
export function streamOf(id: u32): Stream {
  const context = contexts.get(id);
  if (context.contextId == id) return changetype<Stream>(context);
  const plugin = changetype<Plugin>(context);
  let stream: Stream | null = plugin.createHttpFilter();
  if (stream === null) stream = plugin.createNetworkFilter();
  if (stream === null) stream = plugin.createListenerFilter();
  if (stream === null) stream = new Stream();
  keep(id, stream);
  return stream;
}

export function isPlugin(id: u32): bool {
  return contexts.get(id) instanceof Plugin && contexts.get(id).contextId == id;
}

export function deleteContext(id: u32): void {
  contexts.delete(id);
}

function keep(id: u32, context: Context): void {
  context.contextId = id;
  contexts.set(id, context);
}

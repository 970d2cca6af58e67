import { Context, numberNext } from "./context";
import {
  contextIn,
  dropContext,
  numberIn,
  openSlot,
  parentIn,
  putContext,
  slotOf,
} from "./contexts";
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
// When a stream's context is created the host does not say what it is: the first callback does.

let createPlugin: () => Plugin = (): Plugin => new Plugin();

/** Says what the module is: once, at the top level of its main file. */
export function registerPlugin(factory: () => Plugin): void {
  createPlugin = factory;
}

/** `parent` 0: a plugin. */
export function createContext(id: u32, parent: u32): void {
  const slot = openSlot(id, parent);
  if (parent != 0) return;
  numberNext(id);
  keep(slot, createPlugin());
}

/** Null when it has ended, or nothing has happened to it yet. */
export function findContext(id: u32): Context | null {
  return changetype<Context | null>(contextIn(slotOf(id)));
}

export function pluginOf(id: u32): Plugin {
  return changetype<Plugin>(contextIn(slotOf(id)));
}

export function filterOf(id: u32): HttpFilter {
  const slot = slotOf(id);
  const known = contextIn(slot);
  return known != 0 ? changetype<HttpFilter>(known) : httpFilterFor(slot);
}

function httpFilterFor(slot: u32): HttpFilter {
  numberNext(numberIn(slot));
  const created = pluginOf(parentIn(slot)).createHttpFilter();
  const filter = created === null ? new HttpFilter() : created;
  keep(slot, filter);
  return filter;
}

export function networkFilterOf(id: u32): NetworkFilter {
  const slot = slotOf(id);
  const known = contextIn(slot);
  if (known != 0) return changetype<NetworkFilter>(known);
  numberNext(numberIn(slot));
  const created = pluginOf(parentIn(slot)).createNetworkFilter();
  const filter = created === null ? new NetworkFilter() : created;
  keep(slot, filter);
  return filter;
}

export function listenerFilterOf(id: u32): ListenerFilter {
  const slot = slotOf(id);
  const known = contextIn(slot);
  if (known != 0) return changetype<ListenerFilter>(known);
  numberNext(numberIn(slot));
  const created = pluginOf(parentIn(slot)).createListenerFilter();
  const filter = created === null ? new ListenerFilter() : created;
  keep(slot, filter);
  return filter;
}

/** Of whatever kind. A stream to which nothing has happened before it is logged is an HTTP filter's, where there is one. */
export function streamOf(id: u32): Stream {
  const slot = slotOf(id);
  const known = contextIn(slot);
  if (known != 0) return changetype<Stream>(known);
  const plugin = pluginOf(parentIn(slot));
  numberNext(numberIn(slot));
  let stream: Stream | null = plugin.createHttpFilter();
  if (stream === null) stream = plugin.createNetworkFilter();
  if (stream === null) stream = plugin.createListenerFilter();
  if (stream === null) stream = new Stream();
  keep(slot, stream);
  return stream;
}

export function isPlugin(id: u32): bool {
  return parentIn(slotOf(id)) == 0;
}

export function deleteContext(id: u32): void {
  dropContext(id);
}

function keep(slot: u32, context: Context): void {
  context.contextId = numberIn(slot);
  putContext(slot, changetype<usize>(context));
}

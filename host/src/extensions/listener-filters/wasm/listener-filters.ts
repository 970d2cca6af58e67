import type {
  ListenerFilter,
  ListenerFilterFactoryCb,
} from "../../../contracts/network/listener-filter.ts";
import type { WorkerPlugin } from "../../../guest/wasm/worker-plugin.ts";
import { RefusedSocket } from "./refused-socket.ts";
import { WasmListenerFilter } from "./wasm-listener-filter.ts";

/** Adds a filter of `plugin` for each socket, unless its failure policy lets sockets go without. */
export function listenerFilters(
  plugin: Pick<WorkerPlugin, "rootForStream" | "dispose">,
): ListenerFilterFactoryCb {
  const addFilter = (add: (filter: ListenerFilter) => void): void => {
    const root = plugin.rootForStream();
    if (root === undefined) return;
    add(root === "refused" ? new RefusedSocket() : new WasmListenerFilter(root));
  };
  return Object.assign(addFilter, { dispose: () => plugin.dispose() });
}

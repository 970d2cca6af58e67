import {
  STATUS_BAD_ARGUMENT,
  STATUS_INTERNAL_FAILURE,
  STATUS_INVALID_MEMORY_ACCESS,
  STATUS_NOT_FOUND,
  STATUS_OK,
} from "@sluice/abi";
import { advise, suggestion } from "../advice.ts";
import { NetworkContext } from "../network-context.ts";
import { nameAt } from "../guest-names.ts";
import type { WasmVm } from "../vm.ts";

/** The connection that a network context is about, besides those that it opens. */
const client = 0;

/**
 * `sluice_tcp_connect(cluster, connection_out)`: begins to connect to a host of the cluster. BadArgument: there is no
 * such cluster; InternalFailure: no connection can be made now.
 */
export function tcpConnect(vm: WasmVm, cluster: number, size: number, out: number): number {
  const name = nameAt(vm.memory, cluster, size, "utf8");
  if (name === undefined || !vm.memory.setU32(out, 0)) return STATUS_INVALID_MEMORY_ACCESS;
  const context = vm.acting;
  if (!(context instanceof NetworkContext)) return STATUS_NOT_FOUND;
  const { clusters } = vm.environment;
  const found = clusters?.getThreadLocalCluster(name);
  if (found === undefined) {
    advise(vm, `cluster ${name}`, () => {
      const shown = JSON.stringify(name.slice(0, 100));
      return `there is no cluster ${shown}${suggestion(name, clusters?.clusterNames?.() ?? [])}`;
    });
    return STATUS_BAD_ARGUMENT;
  }
  const number = context.connections.connect(found);
  if (number === 0) return STATUS_INTERNAL_FAILURE;
  vm.memory.setU32(out, number);
  return STATUS_OK;
}

/** `sluice_tcp_write(connection, data, end_of_stream)`: when no guest code runs. NotFound: it cannot be written to. */
export function tcpWrite(
  vm: WasmVm,
  connection: number,
  data: number,
  size: number,
  endOfStream: number,
): number {
  const bytes = vm.memory.copy(data, size);
  if (bytes === undefined) return STATUS_INVALID_MEMORY_ACCESS;
  const context = vm.acting;
  if (!(context instanceof NetworkContext)) return STATUS_NOT_FOUND;
  if (connection === client) {
    context.writeToClient(bytes, endOfStream !== 0);
    return STATUS_OK;
  }
  const written = context.opened?.write(connection >>> 0, bytes, endOfStream !== 0);
  return written === true ? STATUS_OK : STATUS_NOT_FOUND;
}

/** `sluice_tcp_close(connection)`: when what was written to it has left. */
export function tcpClose(vm: WasmVm, connection: number): number {
  const context = vm.acting;
  if (!(context instanceof NetworkContext)) return STATUS_NOT_FOUND;
  return context.opened?.close(connection >>> 0) === true ? STATUS_OK : STATUS_NOT_FOUND;
}

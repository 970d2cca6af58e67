// What happens to connections, to those that a filter has opened, and to accepted sockets.

import { openedConnection } from "../callout/tcp-connection";
import { listenerFilterOf, networkFilterOf } from "../filter/registry";
import { StreamBodies } from "../hostcall/body";

export function proxy_on_new_connection(id: u32): u32 {
  return networkFilterOf(id).onNewConnection();
}

export function proxy_on_downstream_data(id: u32, size: u32, endOfStream: u32): u32 {
  const data = StreamBodies.fromDownstream;
  data.size = size;
  return networkFilterOf(id).onDownstreamData(data, endOfStream != 0);
}

export function proxy_on_upstream_data(id: u32, size: u32, endOfStream: u32): u32 {
  const data = StreamBodies.fromUpstream;
  data.size = size;
  return networkFilterOf(id).onUpstreamData(data, endOfStream != 0);
}

export function proxy_on_downstream_connection_close(id: u32, who: u32): void {
  networkFilterOf(id).onDownstreamClose(who);
}

export function proxy_on_upstream_connection_close(id: u32, _who: u32): void {
  networkFilterOf(id).onUpstreamClose();
}

export function sluice_on_accept(id: u32): u32 {
  return listenerFilterOf(id).onAccept();
}

export function sluice_on_first_bytes(id: u32, size: u32): u32 {
  const data = StreamBodies.fromDownstream;
  data.size = size;
  return listenerFilterOf(id).onFirstBytes(data);
}

export function sluice_on_tcp_connected(id: u32, connection: u32): void {
  const opened = openedConnection(networkFilterOf(id), connection);
  if (opened !== null) opened.handler.onConnected(opened);
}

export function sluice_on_tcp_data(id: u32, connection: u32, size: u32, endOfStream: u32): u32 {
  const opened = openedConnection(networkFilterOf(id), connection);
  if (opened === null) return 0;
  const data = StreamBodies.fromUpstream;
  data.size = size;
  return opened.handler.onData(opened, data, endOfStream != 0);
}

export function sluice_on_tcp_close(id: u32, connection: u32, who: u32): void {
  const filter = networkFilterOf(id);
  const opened = openedConnection(filter, connection);
  if (opened === null) return;
  filter.opened!.delete(connection);
  opened.handler.onClose(opened, who);
}

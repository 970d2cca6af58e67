// The host calls of version 0.2.1, and those of Sluice's and Envoy's own extensions. A `declare function` is imported from the
// module that its file is called: `env`, where the ABI has them. A module imports only what it calls. Signatures are
// those of abi/src/hostcalls.ts.

export declare function proxy_log(level: u32, message: usize, messageSize: u32): u32;
export declare function proxy_get_log_level(levelOut: usize): u32;
export declare function proxy_get_current_time_nanoseconds(timeOut: usize): u32;
export declare function proxy_set_tick_period_milliseconds(period: u32): u32;
export declare function proxy_get_property(
  path: usize,
  pathSize: u32,
  pointerOut: usize,
  sizeOut: usize,
): u32;
export declare function proxy_set_property(
  path: usize,
  pathSize: u32,
  value: usize,
  valueSize: u32,
): u32;
export declare function proxy_get_buffer_status(type: u32, lengthOut: usize, flagsOut: usize): u32;
export declare function proxy_get_buffer_bytes(
  type: u32,
  start: u32,
  max: u32,
  pointerOut: usize,
  sizeOut: usize,
): u32;
export declare function proxy_set_buffer_bytes(
  type: u32,
  start: u32,
  size: u32,
  data: usize,
  dataSize: u32,
): u32;
export declare function proxy_get_header_map_size(map: u32, sizeOut: usize): u32;
export declare function proxy_get_header_map_pairs(
  map: u32,
  pointerOut: usize,
  sizeOut: usize,
): u32;
export declare function proxy_set_header_map_pairs(map: u32, pairs: usize, pairsSize: u32): u32;
export declare function proxy_get_header_map_value(
  map: u32,
  name: usize,
  nameSize: u32,
  pointerOut: usize,
  sizeOut: usize,
): u32;
export declare function proxy_add_header_map_value(
  map: u32,
  name: usize,
  nameSize: u32,
  value: usize,
  valueSize: u32,
): u32;
export declare function proxy_replace_header_map_value(
  map: u32,
  name: usize,
  nameSize: u32,
  value: usize,
  valueSize: u32,
): u32;
export declare function proxy_remove_header_map_value(map: u32, name: usize, nameSize: u32): u32;
export declare function proxy_send_local_response(
  status: u32,
  details: usize,
  detailsSize: u32,
  body: usize,
  bodySize: u32,
  headers: usize,
  headersSize: u32,
  grpcStatus: i32,
): u32;
export declare function proxy_continue_stream(type: u32): u32;
export declare function proxy_close_stream(type: u32): u32;
export declare function sluice_want_first_bytes(size: u32): u32;
export declare function sluice_take_first_bytes(size: u32): u32;
export declare function sluice_tcp_connect(
  cluster: usize,
  clusterSize: u32,
  connectionOut: usize,
): u32;
export declare function sluice_tcp_write(
  connection: u32,
  data: usize,
  size: u32,
  endOfStream: u32,
): u32;
export declare function sluice_tcp_close(connection: u32): u32;
export declare function proxy_set_effective_context(context: u32): u32;
export declare function proxy_done(): u32;
export declare function proxy_get_status(codeOut: usize, pointerOut: usize, sizeOut: usize): u32;
export declare function proxy_http_call(
  cluster: usize,
  clusterSize: u32,
  headers: usize,
  headersSize: u32,
  body: usize,
  bodySize: u32,
  trailers: usize,
  trailersSize: u32,
  timeout: u32,
  tokenOut: usize,
): u32;
export declare function proxy_grpc_call(
  cluster: usize,
  clusterSize: u32,
  service: usize,
  serviceSize: u32,
  method: usize,
  methodSize: u32,
  metadata: usize,
  metadataSize: u32,
  message: usize,
  messageSize: u32,
  timeout: u32,
  tokenOut: usize,
): u32;
export declare function proxy_grpc_stream(
  cluster: usize,
  clusterSize: u32,
  service: usize,
  serviceSize: u32,
  method: usize,
  methodSize: u32,
  metadata: usize,
  metadataSize: u32,
  tokenOut: usize,
): u32;
export declare function proxy_grpc_send(
  token: u32,
  message: usize,
  messageSize: u32,
  endOfStream: u32,
): u32;
export declare function proxy_grpc_cancel(token: u32): u32;
export declare function proxy_grpc_close(token: u32): u32;
export declare function proxy_get_shared_data(
  key: usize,
  keySize: u32,
  pointerOut: usize,
  sizeOut: usize,
  versionOut: usize,
): u32;
export declare function proxy_set_shared_data(
  key: usize,
  keySize: u32,
  value: usize,
  valueSize: u32,
  version: u32,
): u32;
export declare function proxy_register_shared_queue(
  name: usize,
  nameSize: u32,
  queueOut: usize,
): u32;
export declare function proxy_resolve_shared_queue(
  vmId: usize,
  vmIdSize: u32,
  name: usize,
  nameSize: u32,
  queueOut: usize,
): u32;
export declare function proxy_enqueue_shared_queue(queue: u32, value: usize, valueSize: u32): u32;
export declare function proxy_dequeue_shared_queue(
  queue: u32,
  pointerOut: usize,
  sizeOut: usize,
): u32;
export declare function proxy_define_metric(
  type: u32,
  name: usize,
  nameSize: u32,
  metricOut: usize,
): u32;
export declare function proxy_increment_metric(metric: u32, delta: i64): u32;
export declare function proxy_record_metric(metric: u32, value: u64): u32;
export declare function proxy_get_metric(metric: u32, valueOut: usize): u32;
export declare function proxy_call_foreign_function(
  name: usize,
  nameSize: u32,
  data: usize,
  dataSize: u32,
  pointerOut: usize,
  sizeOut: usize,
): u32;
export declare function envoy_resolve_dns(name: usize, nameSize: u32, tokenOut: usize): u32;

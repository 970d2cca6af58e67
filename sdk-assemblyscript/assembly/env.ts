// The host calls that this SDK uses. A `declare function` is imported from the module that its file is called:
// `env`, where the ABI has them. Signatures are those of abi/src/hostcalls.ts.

export declare function proxy_log(level: u32, message: usize, messageSize: u32): u32;
export declare function proxy_get_log_level(levelOut: usize): u32;
export declare function proxy_get_buffer_bytes(
  type: u32,
  start: u32,
  max: u32,
  pointerOut: usize,
  sizeOut: usize,
): u32;
export declare function proxy_get_buffer_status(type: u32, lengthOut: usize, flagsOut: usize): u32;
export declare function proxy_set_buffer_bytes(
  type: u32,
  start: u32,
  size: u32,
  data: usize,
  dataSize: u32,
): u32;
export declare function proxy_get_header_map_pairs(
  map: u32,
  pointerOut: usize,
  sizeOut: usize,
): u32;
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

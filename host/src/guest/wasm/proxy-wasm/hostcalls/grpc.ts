import {
  MAP_HTTP_REQUEST_TRAILERS,
  STATUS_BAD_ARGUMENT,
  STATUS_INTERNAL_FAILURE,
  STATUS_INVALID_MEMORY_ACCESS,
  STATUS_OK,
  STATUS_PARSE_FAILURE,
} from "@sluice/abi";
import type { GrpcServiceConfig } from "../../../../contracts/config/grpc-service.ts";
import { advise, entryRefused, printable, suggestion } from "../advice.ts";
import { readGrpcService, serviceOfCluster } from "../grpc-service.ts";
import { headerNameOf, mayStand, nameMax } from "../guest-names.ts";
import { pairsOf } from "../input-limits.ts";
import { CallKind } from "../call-tokens.ts";
import type { WasmVm } from "../vm.ts";

type Metadata = readonly (readonly [name: string, value: string])[];

/**
 * `proxy_grpc_call(service, service_name, method, metadata, message, timeout_ms, token_out)`: the plugin's root context
 * is told of the answer. ParseFailure when `service` is neither a `GrpcService` (of 64 KiB at most) nor a cluster's
 * name; InternalFailure when the call cannot be made now.
 */
export function grpcCall(
  vm: WasmVm,
  service: number,
  serviceSize: number,
  name: number,
  nameSize: number,
  method: number,
  methodSize: number,
  metadata: number,
  metadataSize: number,
  message: number,
  messageSize: number,
  timeoutMs: number,
  tokenOut: number,
): number {
  const { memory } = vm;
  const target = memory.copy(service, serviceSize);
  const path = pathOf(vm, name, nameSize, method, methodSize);
  const pairs = memory.copy(metadata, metadataSize);
  const bytes = memory.copy(message, messageSize);
  if (target === undefined || path === undefined || pairs === undefined || bytes === undefined) {
    return STATUS_INVALID_MEMORY_ACCESS;
  }
  const head = { ...path, pairs, timeoutMs: timeoutMs >>> 0 };
  return open(vm, target, head, bytes, tokenOut);
}

/** `proxy_grpc_stream(service, service_name, method, metadata, token_out)`: as a call, with messages both ways. */
export function grpcStream(
  vm: WasmVm,
  service: number,
  serviceSize: number,
  name: number,
  nameSize: number,
  method: number,
  methodSize: number,
  metadata: number,
  metadataSize: number,
  tokenOut: number,
): number {
  const target = vm.memory.copy(service, serviceSize);
  const path = pathOf(vm, name, nameSize, method, methodSize);
  const pairs = vm.memory.copy(metadata, metadataSize);
  if (target === undefined || path === undefined || pairs === undefined) {
    return STATUS_INVALID_MEMORY_ACCESS;
  }
  return open(vm, target, { ...path, pairs, timeoutMs: 0 }, undefined, tokenOut);
}

/** `proxy_grpc_send(id, message, end_stream)`: BadArgument when the stream takes nothing more, or `id` is of no stream. */
export function grpcSend(
  vm: WasmVm,
  id: number,
  message: number,
  size: number,
  endStream: number,
): number {
  const bytes = vm.memory.copy(message, size);
  if (bytes === undefined) return STATUS_INVALID_MEMORY_ACCESS;
  const root = vm.acting.root;
  if (kindOf(id) !== CallKind.GrpcStream || root === undefined) return STATUS_BAD_ARGUMENT;
  const status = root.callouts.grpc.send(id >>> 0, bytes, endStream !== 0);
  if (status === STATUS_BAD_ARGUMENT) {
    advise(vm, "send", () => "the stream was ended before, or its server takes no more for now");
  }
  return status;
}

/** `proxy_grpc_cancel(id)`. */
export function grpcCancel(vm: WasmVm, id: number): number {
  const root = vm.acting.root;
  if (!isGrpc(id) || root === undefined) return STATUS_BAD_ARGUMENT;
  return root.callouts.grpc.cancel(id >>> 0);
}

/** `proxy_grpc_close(id)`: ends the guest's side of a stream, cancels a call. */
export function grpcClose(vm: WasmVm, id: number): number {
  const root = vm.acting.root;
  if (!isGrpc(id) || root === undefined) return STATUS_BAD_ARGUMENT;
  return root.callouts.grpc.close(id >>> 0, kindOf(id) === CallKind.GrpcStream);
}

const kindOf = (id: number): number => id & 3;

function isGrpc(id: number): boolean {
  return kindOf(id) === CallKind.Grpc || kindOf(id) === CallKind.GrpcStream;
}

interface Path {
  readonly service: string;
  readonly method: string;
}

function pathOf(
  vm: WasmVm,
  name: number,
  nameSize: number,
  method: number,
  methodSize: number,
): Path | undefined {
  const service = vm.memory.latin1(name, nameSize);
  const text = vm.memory.latin1(method, methodSize);
  return service === undefined || text === undefined ? undefined : { service, method: text };
}

interface Head extends Path {
  readonly pairs: Buffer;
  readonly timeoutMs: number;
}

/** `message`: undefined for a stream. */
function open(
  vm: WasmVm,
  target: Buffer,
  head: Head,
  message: Buffer | undefined,
  tokenOut: number,
): number {
  const { memory } = vm;
  if (!memory.setU32(tokenOut, 0)) return STATUS_INVALID_MEMORY_ACCESS;
  const root = vm.acting.root;
  if (root === undefined) return STATUS_INTERNAL_FAILURE;
  const service = target.length > nameMax ? undefined : serviceOf(vm, target, root.configuring);
  if (service === undefined) return STATUS_PARSE_FAILURE;
  if (typeof service === "string") {
    advise(vm, service, () => service);
    return STATUS_INTERNAL_FAILURE;
  }
  const metadata = metadataOf(vm, pairsOf(vm, head.pairs));
  if (metadata === undefined || metadataOf(vm, service.metadata) === undefined) {
    return STATUS_INTERNAL_FAILURE;
  }
  const token = vm.tokens.forCall(message === undefined ? CallKind.GrpcStream : CallKind.Grpc);
  const { configuring } = root;
  const status = root.callouts.grpc.open(
    token,
    service,
    { ...head, metadata },
    message,
    configuring,
  );
  if (status === STATUS_OK) memory.setU32(tokenOut, token);
  else notMade(vm, service.cluster);
  return status;
}

/** As `readGrpcService`, or of the cluster that has this name. `patient`: it may still come. */
function serviceOf(
  vm: WasmVm,
  target: Buffer,
  patient: boolean,
): GrpcServiceConfig | string | undefined {
  const read = readGrpcService(target);
  if (read !== undefined) return read;
  const name = target.toString("utf8");
  const { clusters } = vm.environment;
  const known = clusters === undefined || clusters.getThreadLocalCluster(name) !== undefined;
  if (known || patient) return serviceOfCluster(name);
  advise(vm, `cluster ${name}`, () => {
    const hint = suggestion(name, clusters?.clusterNames?.() ?? []);
    return `there is no cluster "${printable(name)}", and it is no encoded GrpcService with envoy_grpc${hint}`;
  });
  return undefined;
}

/** Undefined when one of the pairs could not be sent, which has been told. */
function metadataOf(vm: WasmVm, pairs: Metadata): Metadata | undefined {
  const metadata: [name: string, value: string][] = [];
  for (const [text, value] of pairs) {
    const name = headerNameOf(text);
    if (!mayStand(MAP_HTTP_REQUEST_TRAILERS, name, value)) {
      entryRefused(vm, text, value);
      return undefined;
    }
    metadata.push([name.text, value]);
  }
  return metadata;
}

function notMade(vm: WasmVm, cluster: string): void {
  advise(
    vm,
    `call ${cluster}`,
    () =>
      `the call to cluster "${printable(cluster)}" cannot be made now: no such cluster, no usable endpoint, too many calls, or too much in them (max_http_calls, max_call_bytes)`,
  );
}

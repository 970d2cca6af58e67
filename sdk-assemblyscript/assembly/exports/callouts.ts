// Answers to callouts.

import { finishLookup } from "../callout/dns-lookup";
import {
  finishGrpc,
  receiveGrpcInitialMetadata,
  receiveGrpcMessage,
  receiveGrpcTrailingMetadata,
} from "../callout/grpc-call";
import { finishHttpCall } from "../callout/http-call";

export function proxy_on_http_call_response(
  root: u32,
  token: u32,
  headerCount: u32,
  _bodySize: u32,
  _trailerCount: u32,
): void {
  finishHttpCall(root, token, headerCount);
}

export function proxy_on_grpc_receive_initial_metadata(root: u32, token: u32, _count: u32): void {
  receiveGrpcInitialMetadata(root, token);
}

export function proxy_on_grpc_receive(root: u32, token: u32, size: u32): void {
  receiveGrpcMessage(root, token, size);
}

export function proxy_on_grpc_receive_trailing_metadata(root: u32, token: u32, _count: u32): void {
  receiveGrpcTrailingMetadata(root, token);
}

export function proxy_on_grpc_close(root: u32, token: u32, code: u32): void {
  finishGrpc(root, token, code);
}

export function envoy_on_resolve_dns(root: u32, token: u32, size: u32): void {
  finishLookup(root, token, size);
}

import { BUFFER_GRPC_RECEIVE } from "../../../abi/src/numbers/buffer-type";
import {
  MAP_GRPC_RECEIVE_INITIAL_METADATA,
  MAP_GRPC_RECEIVE_TRAILING_METADATA,
} from "../../../abi/src/numbers/map-type";
import {
  proxy_grpc_call,
  proxy_grpc_cancel,
  proxy_grpc_close,
  proxy_grpc_send,
  proxy_grpc_stream,
  proxy_set_effective_context,
} from "../env";
import { Context } from "../filter/context";
import { Body } from "../hostcall/body";
import { Header } from "../hostcall/header";
import { HeaderMap } from "../hostcall/headers";
import { outWord } from "../memory/allocator";
import { encodePairs } from "../memory/pairs";
import {
  encodeFirst,
  encodeSecond,
  firstPointer,
  firstSize,
  releaseTexts,
  secondPointer,
  secondSize,
} from "../memory/text";
import { bytesOf } from "../memory/utf8";
import { Status } from "../status";
import { CalloutError, Callouts, lastCalloutError } from "./callouts";

/** What happens to a gRPC call or stream. Messages are protobuf bytes, to be read in the callback. */
export class GrpcHandler {
  /** Of streams. */
  onInitialMetadata(_metadata: HeaderMap): void {}

  /** The answer to a call, which is over then; a message of a stream. */
  onMessage(_message: Body): void {}

  /** Of streams. */
  onTrailingMetadata(_metadata: HeaderMap): void {}

  /** A stream has ended, or a call has failed; the code is gRPC's. */
  onClose(_error: CalloutError): void {}
}

/** What a method is called by, and with which metadata. */
export class GrpcMethod {
  metadata: Header[] = [];

  constructor(
    /** A cluster's name, or an `envoy.config.core.v3.GrpcService` as protobuf bytes. */
    readonly service: ArrayBuffer,
    /** E.g. `routeguide.RouteGuide`. */
    readonly serviceName: string,
    readonly method: string,
  ) {}

  static of(cluster: string, serviceName: string, method: string): GrpcMethod {
    return new GrpcMethod(bytesOf(cluster), serviceName, method);
  }

  /** Adds metadata; returns this object. */
  with(name: string, value: string): GrpcMethod {
    this.metadata.push(new Header(name, value));
    return this;
  }

  /** Sends one message and waits for one; `timeoutMs` 0: for as long as it takes. */
  call(context: Context, message: ArrayBuffer, timeoutMs: u32, handler: GrpcHandler): GrpcCall {
    encodeFirst(changetype<usize>(this.serviceName));
    encodeSecond(changetype<usize>(this.method));
    const metadata = encodePairs(this.metadata);
    const status: Status = proxy_grpc_call(
      changetype<usize>(this.service),
      this.service.byteLength,
      firstPointer,
      firstSize,
      secondPointer,
      secondSize,
      changetype<usize>(metadata),
      metadata.byteLength,
      changetype<usize>(message),
      message.byteLength,
      timeoutMs,
      outWord,
    );
    releaseTexts();
    return begun(status, context, handler, false);
  }

  /** Opens a stream. */
  open(context: Context, handler: GrpcHandler): GrpcStream {
    encodeFirst(changetype<usize>(this.serviceName));
    encodeSecond(changetype<usize>(this.method));
    const metadata = encodePairs(this.metadata);
    const status: Status = proxy_grpc_stream(
      changetype<usize>(this.service),
      this.service.byteLength,
      firstPointer,
      firstSize,
      secondPointer,
      secondSize,
      changetype<usize>(metadata),
      metadata.byteLength,
      outWord,
    );
    releaseTexts();
    return begun(status, context, handler, true);
  }
}

/** A call under way. */
export class GrpcCall {
  constructor(
    /** Of the last method; `Ok` when the call has begun. Else no method of the handler is called. */
    public status: Status,
    readonly token: u32,
    readonly isStream: bool,
  ) {}

  /** Gives it up: no method of the handler is called any more. */
  cancel(): Status {
    this.status = proxy_grpc_cancel(this.token);
    pendingCalls().remove(this.token);
    return this.status;
  }
}

/** A stream that is open. */
export class GrpcStream extends GrpcCall {
  send(message: ArrayBuffer, endOfStream: bool = false): Status {
    this.status = proxy_grpc_send(
      this.token,
      changetype<usize>(message),
      message.byteLength,
      endOfStream ? 1 : 0,
    );
    return this.status;
  }

  /** Ends this side; messages still come. */
  close(): Status {
    this.status = proxy_grpc_close(this.token);
    return this.status;
  }
}

let calls: Callouts<PendingGrpc> | null = null;

class PendingGrpc {
  constructor(
    readonly handler: GrpcHandler,
    readonly isStream: bool,
  ) {}
}

function pendingCalls(): Callouts<PendingGrpc> {
  let known = calls;
  if (known === null) {
    known = new Callouts<PendingGrpc>();
    calls = known;
  }
  return known;
}

function begun(status: Status, context: Context, handler: GrpcHandler, isStream: bool): GrpcStream {
  const token: u32 = status == Status.Ok ? load<u32>(outWord) : 0;
  const isOpen = status == Status.Ok;
  if (isOpen) pendingCalls().add(token, context, new PendingGrpc(handler, isStream));
  return new GrpcStream(status, token, isStream);
}

export function receiveGrpcInitialMetadata(root: u32, token: u32): void {
  const call = pendingCalls().enter(token);
  if (call === null) return;
  call.handler.handler.onInitialMetadata(new HeaderMap(MAP_GRPC_RECEIVE_INITIAL_METADATA));
  proxy_set_effective_context(root);
}

export function receiveGrpcMessage(root: u32, token: u32, size: u32): void {
  const calls = pendingCalls();
  const call = calls.enter(token);
  if (call === null) return;
  const pending = call.handler;
  if (!pending.isStream) calls.remove(token);
  const message = new Body(BUFFER_GRPC_RECEIVE);
  message.size = size;
  pending.handler.onMessage(message);
  proxy_set_effective_context(root);
}

export function receiveGrpcTrailingMetadata(root: u32, token: u32): void {
  const call = pendingCalls().enter(token);
  if (call === null) return;
  call.handler.handler.onTrailingMetadata(new HeaderMap(MAP_GRPC_RECEIVE_TRAILING_METADATA));
  proxy_set_effective_context(root);
}

export function finishGrpc(root: u32, token: u32, code: u32): void {
  const calls = pendingCalls();
  const call = calls.enter(token);
  if (call === null) return;
  calls.remove(token);
  call.handler.handler.onClose(new CalloutError(code, lastCalloutError().message));
  proxy_set_effective_context(root);
}

import type { GrpcServiceConfig } from "../../../contracts/config/grpc-service.ts";
import type { GrpcCallHead, GrpcClient } from "../../../grpc/grpc-client.ts";
import type { UnaryCallbacks } from "../../../grpc/unary-call.ts";
import { createWorkerClient, type GrpcWorker } from "../../../grpc/worker-client.ts";
import { type AuthCall, type AuthCallbacks, errorResponse } from "./auth-response.ts";
import { decodeCheckResponse } from "./check-response.ts";

const head: GrpcCallHead = {
  service: "envoy.service.auth.v3.Authorization",
  method: "Check",
  metadata: [],
  sendXff: true,
};

/** `envoy.service.auth.v3.Authorization` on one worker. */
export class GrpcAuthorization {
  readonly #client: GrpcClient;

  constructor(service: GrpcServiceConfig, worker: GrpcWorker) {
    this.#client = createWorkerClient(service, worker);
  }

  /** `request`: a `CheckRequest`. The callback may be called before this returns; the result is undefined then. */
  check(request: Buffer, callbacks: AuthCallbacks): AuthCall | undefined {
    return this.#client.call(head, request, new CheckCallbacks(callbacks));
  }
}

class CheckCallbacks implements UnaryCallbacks {
  readonly #callbacks: AuthCallbacks;

  constructor(callbacks: AuthCallbacks) {
    this.#callbacks = callbacks;
  }

  onSuccess(message: Buffer): void {
    this.#callbacks.onAuthResponse(decodeCheckResponse(message));
  }

  onFailure(): void {
    this.#callbacks.onAuthResponse(errorResponse);
  }
}

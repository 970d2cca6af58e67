import type { GrpcServiceConfig } from "../../../contracts/config/grpc-service.ts";
import type { GrpcCall, GrpcCallHead, GrpcClient } from "../../../grpc/grpc-client.ts";
import type { UnaryCallbacks } from "../../../grpc/unary-call.ts";
import { createWorkerClient, type GrpcWorker } from "../../../grpc/worker-client.ts";
import { encodeRateLimitRequest, type RateLimitQuestion } from "./rate-limit-request.ts";
import {
  decodeRateLimitResponse,
  errorAnswer,
  type RateLimitAnswer,
} from "./rate-limit-response.ts";

const head: GrpcCallHead = {
  service: "envoy.service.ratelimit.v3.RateLimitService",
  method: "ShouldRateLimit",
  metadata: [],
  sendXff: true,
};

/** Told the service's answer, once, unless the call was cancelled. */
export interface RateLimitCallbacks {
  onRateLimitAnswer(answer: RateLimitAnswer): void;
}

/** `envoy.service.ratelimit.v3.RateLimitService` on one worker. */
export class RateLimitClient {
  readonly #client: GrpcClient;

  constructor(service: GrpcServiceConfig, worker: GrpcWorker) {
    this.#client = createWorkerClient(service, worker);
  }

  /** The callback may be called before this returns; the result is undefined then. */
  ask(question: RateLimitQuestion, callbacks: RateLimitCallbacks): GrpcCall | undefined {
    const message = encodeRateLimitRequest(question);
    return this.#client.call(head, message, new AnswerCallbacks(callbacks));
  }
}

class AnswerCallbacks implements UnaryCallbacks {
  readonly #callbacks: RateLimitCallbacks;

  constructor(callbacks: RateLimitCallbacks) {
    this.#callbacks = callbacks;
  }

  onSuccess(message: Buffer): void {
    this.#callbacks.onRateLimitAnswer(decodeRateLimitResponse(message));
  }

  onFailure(): void {
    this.#callbacks.onRateLimitAnswer(errorAnswer);
  }
}

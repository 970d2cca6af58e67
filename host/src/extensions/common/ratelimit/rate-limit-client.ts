import type { GrpcServiceConfig } from "../../../contracts/config/grpc-service.ts";
import type { WorkerContext } from "../../../contracts/runtime.ts";
import { type GrpcCall, type GrpcCallHead, GrpcClient } from "../../../grpc/grpc-client.ts";
import type { UnaryCallbacks } from "../../../grpc/unary-call.ts";
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

  constructor(
    service: GrpcServiceConfig,
    { clusterManager, dispatcher }: Pick<WorkerContext, "clusterManager" | "dispatcher">,
  ) {
    this.#client = new GrpcClient(service, {
      clusters: clusterManager,
      random: dispatcher.random,
      createTimer: (callback) => dispatcher.createTimer(callback),
    });
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

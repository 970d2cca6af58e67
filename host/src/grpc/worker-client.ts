import type { GrpcServiceConfig } from "../contracts/config/grpc-service.ts";
import type { WorkerContext } from "../contracts/runtime.ts";
import { GrpcClient } from "./grpc-client.ts";

/** What a client needs of its worker. */
export type GrpcWorker = Pick<WorkerContext, "clusterManager" | "dispatcher">;

/** A client that calls through the worker's clusters, by its clock and its chance. */
export function createWorkerClient(
  service: GrpcServiceConfig,
  { clusterManager, dispatcher }: GrpcWorker,
): GrpcClient {
  return new GrpcClient(service, {
    clusters: clusterManager,
    random: dispatcher.random,
    createTimer: (callback) => dispatcher.createTimer(callback),
  });
}

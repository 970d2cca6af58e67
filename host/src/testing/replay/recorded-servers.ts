import type { RecordedCallback, Recording } from "../../guest/watch/recording.ts";
import { readGrpcService } from "../../guest/wasm/proxy-wasm/grpc-service.ts";
import type { JsonMap, JsonValue } from "../suite/suite.ts";
import { content, fieldsOf, text } from "./recorded-content.ts";

/** Servers that were called over HTTP and gRPC, by cluster, with what they answered. */
export function calledServersOf(recording: Recording): JsonMap {
  return { ...grpcServersOf(recording), ...httpServersOf(recording) };
}

type GrpcAnswer = { readonly messages: JsonValue[]; status: number };

/** Answers of the clusters that were called over gRPC, in the order of the calls. */
function grpcServersOf({ callbacks }: Recording): JsonMap {
  const calls = new Map<number, GrpcAnswer>();
  const servers: Record<string, { readonly grpc: JsonValue[] }> = {};
  for (const { name: callback, args, message, calls: made } of callbacks) {
    const call = calls.get(args[1] ?? 0);
    if (callback === "proxy_on_grpc_receive") call?.messages.push(content(message?.body ?? ""));
    if (callback === "proxy_on_grpc_close" && call !== undefined) call.status = args[2] ?? 0;
    for (const { name, inputs, outputs, status } of made) {
      if (!/^proxy_grpc_(call|stream)$/.test(name) || status !== 0) continue;
      const answer: GrpcAnswer = { messages: [], status: 0 };
      calls.set(Number(outputs[0]), answer);
      (servers[clusterOf(String(inputs[0]))] ??= { grpc: [] }).grpc.push(answer);
    }
  }
  return servers;
}

/** Of a gRPC service: guests give a message, or no more than the cluster's name. */
function clusterOf(service: string): string {
  const read = readGrpcService(Buffer.from(service, "latin1"));
  return typeof read === "object" ? read.cluster : text(service);
}

/** Answers of the clusters that were called over HTTP, in the order of the answers. */
function httpServersOf({ callbacks }: Recording): JsonMap {
  const clusters = new Map<number, string>();
  const servers: Record<string, JsonValue[]> = {};
  for (const callback of callbacks) {
    for (const { name, inputs, outputs } of callback.calls) {
      if (name === "proxy_http_call") clusters.set(Number(outputs[0] ?? 0), String(inputs[0]));
    }
    if (callback.name !== "proxy_on_http_call_response") continue;
    const cluster = clusters.get(callback.args[1] ?? 0);
    if (cluster !== undefined) (servers[cluster] ??= []).push(answerOf(callback));
  }
  return servers;
}

/** A call that has failed has no headers. */
function answerOf({ message }: RecordedCallback): JsonMap {
  const headers = message?.headers ?? [];
  const status = headers.find(([name]) => name === ":status")?.[1];
  if (status === undefined) return { reset: true };
  const body = message?.body ?? "";
  return {
    status: Number(status),
    headers: fieldsOf(headers),
    ...(body !== "" && { body: content(body) }),
  };
}

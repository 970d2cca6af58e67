import { once } from "node:events";
import net from "node:net";
import { fromJson, type JsonObject, toBinary, fromBinary, toJson } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { schema } from "../../host/src/config/schema.ts";
import type { Cleanup } from "./sluice-process.ts";

/** What a service answers: a message as protobuf JSON, a gRPC status, or nothing at all. */
export type GrpcAnswer =
  | { readonly message: JsonObject }
  /** Bytes in the place of a message. */
  | { readonly raw: Buffer }
  | { readonly status: number; readonly text?: string }
  | "nothing";

export interface GrpcCallSeen {
  readonly request: JsonObject;
  readonly metadata: grpc.Metadata;
}

export interface GrpcServiceOptions {
  /** `/package.Service/Method` */
  readonly path: string;
  readonly requestType: string;
  readonly responseType: string;
  answer(call: GrpcCallSeen): GrpcAnswer | Promise<GrpcAnswer>;
  /** The caller does not want the answer any more. */
  cancelled?(): void;
}

/** A real gRPC server (grpc-js) with one unary method; gives its port. */
export async function grpcService(cleanup: Cleanup, options: GrpcServiceOptions): Promise<number> {
  const { registry } = schema();
  const requestType = schema().message(options.requestType);
  const responseType = schema().message(options.responseType);
  const method = {
    path: options.path,
    requestStream: false,
    responseStream: false,
    requestSerialize: (value: Buffer): Buffer => value,
    requestDeserialize: (bytes: Buffer): Buffer => bytes,
    responseSerialize: (value: Buffer): Buffer => value,
    responseDeserialize: (bytes: Buffer): Buffer => bytes,
  } as const;
  const server = new grpc.Server();
  server.addService(
    { method },
    {
      method: async (
        call: grpc.ServerUnaryCall<Buffer, Buffer>,
        done: grpc.sendUnaryData<Buffer>,
      ): Promise<void> => {
        const request = toJson(requestType, fromBinary(requestType, call.request), { registry });
        const seen = { request: request as JsonObject, metadata: call.metadata };
        call.on("cancelled", () => options.cancelled?.());
        const answer = await options.answer(seen);
        if (answer === "nothing") return;
        if ("status" in answer) done({ code: answer.status, details: answer.text ?? "" });
        else if ("raw" in answer) done(null, answer.raw);
        else {
          const message = fromJson(responseType, answer.message, { registry });
          done(null, Buffer.from(toBinary(responseType, message)));
        }
      },
    },
  );
  cleanup.after(() => server.forceShutdown());
  return await new Promise((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    ),
  );
}

/** An HTTP/1.1 server that is given each request as text, and answers with text; undefined: not at all. */
export async function rawHttpServer(
  cleanup: Cleanup,
  answer: (request: string) => string | undefined,
): Promise<number> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      for (let length = wholeMessage(text); length !== undefined; length = wholeMessage(text)) {
        const answered = answer(text.slice(0, length));
        text = text.slice(length);
        if (answered !== undefined) socket.write(answered, "latin1");
      }
    });
  });
  cleanup.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as net.AddressInfo).port;
}

/** The length of the request or response that `text` begins with; undefined while it is not whole. */
export function wholeMessage(text: string, bodyless = false): number | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = text.slice(0, end + 2);
  if (bodyless) return end + 4;
  if (/\r\ntransfer-encoding: chunked\r\n/i.test(head)) {
    const last = text.indexOf("0\r\n\r\n", end + 4);
    return last < 0 ? undefined : last + 5;
  }
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(head);
  const total = end + 4 + Number(length?.[1] ?? 0);
  return text.length >= total ? total : undefined;
}

/** Sends a request, and gives the response as text; cut off where the peer closes. */
export async function exchange(socket: net.Socket, request: string): Promise<string> {
  const bodyless = request.startsWith("HEAD ");
  let text = "";
  socket.on("error", () => undefined);
  const over = new Promise<void>((resolve) => {
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      if (wholeMessage(text, bodyless) !== undefined) resolve();
    });
    socket.on("close", resolve);
    socket.on("end", resolve);
  });
  socket.write(request, "latin1");
  await over;
  socket.destroy();
  return text;
}

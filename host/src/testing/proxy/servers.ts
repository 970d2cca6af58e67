import type { Duplex } from "node:stream";
import { BytesServer } from "../servers/bytes-server.ts";
import { GrpcServer } from "../servers/grpc-server.ts";
import { HttpServer } from "../servers/http-server.ts";
import type { ServerEnvironment } from "../servers/received.ts";
import type { ServerScript } from "../suite/suite.ts";

/** Something that a proxy connects to. */
export interface FakeServer {
  serve(socket: Duplex): void;
}

/** The server of this script; undefined where nobody is to listen. `ofBytes`: it stands behind network filters. */
export function createServer(
  name: string,
  script: ServerScript,
  ofBytes: boolean,
  environment: ServerEnvironment,
): FakeServer | undefined {
  switch (script.kind) {
    case "grpc":
      return new GrpcServer(name, script.answers, environment);
    case "bytes":
      return new BytesServer(name, script, environment);
    case "refused":
      return undefined;
    case "http":
      return ofBytes && script.answers.length === 0
        ? new BytesServer(name, { echo: false, sends: [] }, environment)
        : new HttpServer(name, script.answers, environment);
  }
}

import { fromBinary, fromJson, toBinary, toJson, type JsonObject } from "@bufbuild/protobuf";
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServiceDefinition,
} from "@grpc/grpc-js";
import { schema } from "../../host/src/config/schema.ts";

const types = {
  request: "envoy.service.discovery.v3.DiscoveryRequest",
  response: "envoy.service.discovery.v3.DiscoveryResponse",
};

/** What a server has, and under which method. */
interface Api {
  readonly path: string;
  /** Type of the resources. */
  readonly typeUrl: string;
}

/** Type URL of `Secret`. */
export const secretType = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";

export const secretsApi: Api = {
  path: "/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets",
  typeUrl: secretType,
};
export const routesApi: Api = {
  path: "/envoy.service.route.v3.RouteDiscoveryService/StreamRoutes",
  typeUrl: "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
};

export const extensionsApi: Api = {
  path: "/envoy.service.extension.v3.ExtensionConfigDiscoveryService/StreamExtensionConfigs",
  typeUrl: "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
};

/** A request as the client sent it, in protobuf JSON with the proto's names. */
export type ReceivedRequest = JsonObject & { readonly stream: number };

interface Subscription {
  readonly call: ServerDuplexStream<JsonObject, JsonObject>;
  readonly names: readonly string[];
}

/** The one method, with JSON on our side of it. */
const serviceOf = (path: string): ServiceDefinition => ({
  Stream: {
    path,
    requestStream: true,
    responseStream: true,
    requestSerialize: () => Buffer.alloc(0),
    requestDeserialize: (bytes) => {
      const message = fromBinary(schema().message(types.request), bytes);
      const options = { useProtoFieldName: true, registry: schema().registry };
      return toJson(schema().message(types.request), message, options);
    },
    responseSerialize: (json: JsonObject) => {
      const message = fromJson(schema().message(types.response), json, {
        registry: schema().registry,
      });
      return Buffer.from(toBinary(schema().message(types.response), message));
    },
    responseDeserialize: (bytes) => bytes,
  },
});

/** A control plane on the loopback state of the world. */
export class DiscoveryServer implements AsyncDisposable {
  /** All requests, in the order of their coming. */
  readonly requests: ReceivedRequest[] = [];
  /** Streams that were opened. */
  streams = 0;
  readonly #server = new Server();
  readonly #resources = new Map<string, JsonObject>();
  readonly #subscriptions = new Map<number, Subscription>();
  #version = 0;
  #nonce = 0;
  #port = 0;
  readonly #typeUrl: string;

  private constructor(api: Api) {
    this.#typeUrl = api.typeUrl;
  }

  static async start(
    api: Api = secretsApi,
    credentials: ServerCredentials = ServerCredentials.createInsecure(),
  ): Promise<DiscoveryServer> {
    const server = new DiscoveryServer(api);
    server.#server.addService(serviceOf(api.path), {
      Stream: (call: ServerDuplexStream<JsonObject, JsonObject>) => server.#open(call),
    });
    server.#port = await new Promise((resolve, reject) => {
      server.#server.bindAsync("127.0.0.1:0", credentials, (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    return server;
  }

  get port(): number {
    return this.#port;
  }

  /** A resource's new version, sent to all who have asked for it. Gives the version. */
  set(name: string, resource: JsonObject): string {
    this.#version += 1;
    this.#resources.set(name, { name, ...resource });
    for (const { call, names } of this.#subscriptions.values()) {
      if (names.includes(name)) this.#answer(call, [name]);
    }
    return String(this.#version);
  }

  /** Sends this to all streams as it is. */
  sendRaw(response: JsonObject): void {
    for (const { call } of this.#subscriptions.values()) call.write(response);
  }

  /** Ends all streams with UNAVAILABLE. */
  endStreams(): void {
    for (const { call } of this.#subscriptions.values()) {
      call.emit("error", { code: 14, details: "going away" });
    }
    this.#subscriptions.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
    await Promise.resolve();
  }

  #open(call: ServerDuplexStream<JsonObject, JsonObject>): void {
    this.streams += 1;
    const stream = this.streams;
    call.on("data", (request: JsonObject) => {
      this.requests.push({ stream, ...request });
      const names = (request["resource_names"] ?? []) as string[];
      const known = this.#subscriptions.get(stream)?.names ?? [];
      this.#subscriptions.set(stream, { call, names });
      const fresh = names.filter((name) => !known.includes(name) && this.#resources.has(name));
      if (fresh.length > 0) this.#answer(call, fresh);
    });
    call.on("error", () => this.#subscriptions.delete(stream));
    call.on("cancelled", () => this.#subscriptions.delete(stream));
    call.on("end", () => {
      this.#subscriptions.delete(stream);
      call.end();
    });
  }

  #answer(call: ServerDuplexStream<JsonObject, JsonObject>, names: readonly string[]): void {
    this.#nonce += 1;
    call.write({
      version_info: String(this.#version),
      type_url: this.#typeUrl,
      nonce: `nonce-${this.#nonce}`,
      resources: names.map((name) => ({ "@type": this.#typeUrl, ...this.#resources.get(name)! })),
    });
  }
}

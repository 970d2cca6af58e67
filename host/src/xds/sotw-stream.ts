import { create, fromBinary, toBinary, type DescMessage, type Message } from "@bufbuild/protobuf";
import { schema } from "../config/schema.ts";
import type {
  DiscoveryRequest,
  DiscoveryResponse,
} from "../config/gen/envoy/service/discovery/v3/discovery_pb.ts";
import type { RandomSource } from "../contracts/event.ts";
import type { GrpcStream, GrpcStreamCallbacks } from "../grpc/grpc-stream.ts";
import { GrpcStatus } from "../grpc/status.ts";

/** What a subscription does with what its stream brings. */
export interface SotwSubscriber {
  /** Takes a response, or gives a text for the server why it does not. Never rejects. */
  onResponse(response: DiscoveryResponse): Promise<string | undefined>;
  /** The stream is open, or not any more. */
  onConnected(connected: boolean): void;
  /** The stream ended, or could not be opened; it is opened again later. */
  onStreamFailure(status: number, text: string): void;
  /** A response of a type that nobody has asked for was ignored. */
  onOtherType(typeUrl: string): void;
}

export interface SotwStreamOptions {
  /** Undefined: it ended at once, which the callbacks were told. */
  open(callbacks: GrpcStreamCallbacks): GrpcStream | undefined;
  readonly typeUrl: string;
  /** The names of the resources. */
  readonly names: readonly string[];
  /** The `envoy.config.core.v3.Node` of this proxy. */
  readonly node: Message;
  readonly nodeOnFirstMessageOnly: boolean;
  readonly random: RandomSource;
  readonly subscriber: SotwSubscriber;
}

const requestName = "envoy.service.discovery.v3.DiscoveryRequest";
const responseName = "envoy.service.discovery.v3.DiscoveryResponse";
/** A wait before opening again is chosen at random below a bound, which doubles with each failure. */
const backOffFirstMs = 500;
const backOffMaxMs = 30_000;
/** Of a refusal's text, as the server gets it. */
const errorTextMax = 4096;

/**
 * One type's subscription, state of the world, on a gRPC stream that is opened again whenever it ends. Each response is
 * answered once, with its nonce: accepted with its version, refused with the last good one and the reason.
 */
export class SotwStream implements GrpcStreamCallbacks {
  readonly #options: SotwStreamOptions;
  readonly #requestDesc: DescMessage;
  readonly #responseDesc: DescMessage;
  #stream: GrpcStream | undefined;
  /** The last version that was accepted: it survives the stream, nonces do not. */
  #version = "";
  #sentOnStream = 0;
  #backOffMs = backOffFirstMs;
  #retry: NodeJS.Timeout | undefined;
  #answering: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: SotwStreamOptions) {
    this.#options = options;
    this.#requestDesc = schema().message(requestName);
    this.#responseDesc = schema().message(responseName);
  }

  start(): void {
    this.#connect();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#stream?.reset();
    this.#stream = undefined;
  }

  onInitialMetadata(): void {
    // Nothing is read from it.
  }

  onMessage(message: Buffer): void {
    this.#backOffMs = backOffFirstMs;
    let response: DiscoveryResponse;
    try {
      response = fromBinary(this.#responseDesc, message) as unknown as DiscoveryResponse;
    } catch {
      this.#stream?.reset();
      this.onClose(GrpcStatus.Internal, `the bytes are not a message of type ${responseName}`);
      return;
    }
    const { typeUrl, subscriber } = this.#options;
    if (response.typeUrl !== typeUrl) {
      subscriber.onOtherType(response.typeUrl);
      return;
    }
    const stream = this.#stream;
    this.#answering = this.#answering.then(() => this.#answer(response, stream));
  }

  onTrailingMetadata(): void {
    // The status is told by onClose.
  }

  onClose(status: number, text: string): void {
    this.#stream = undefined;
    if (this.#closed) return;
    const { subscriber, random } = this.#options;
    subscriber.onConnected(false);
    subscriber.onStreamFailure(status, text);
    const waitMs = random.uint32() % this.#backOffMs;
    this.#backOffMs = Math.min(2 * this.#backOffMs, backOffMaxMs);
    this.#retry = setTimeout(() => this.#connect(), waitMs);
  }

  #connect(): void {
    if (this.#closed) return;
    this.#sentOnStream = 0;
    this.#stream = this.#options.open(this);
    if (this.#stream === undefined) return;
    this.#options.subscriber.onConnected(true);
    this.#send("", undefined);
  }

  async #answer(response: DiscoveryResponse, stream: GrpcStream | undefined): Promise<void> {
    if (this.#closed) return;
    const refusal = await this.#options.subscriber.onResponse(response);
    if (refusal === undefined) this.#version = response.versionInfo;
    // Another stream may have taken its place meanwhile: it does not know the nonce.
    if (stream !== undefined && stream === this.#stream) this.#send(response.nonce, refusal);
  }

  #send(nonce: string, refusal: string | undefined): void {
    const { typeUrl, names, node, nodeOnFirstMessageOnly } = this.#options;
    const request = create(this.#requestDesc) as unknown as DiscoveryRequest;
    request.versionInfo = this.#version;
    request.responseNonce = nonce;
    request.typeUrl = typeUrl;
    request.resourceNames = [...names];
    if (this.#sentOnStream === 0 || !nodeOnFirstMessageOnly) {
      request.node = node as NonNullable<DiscoveryRequest["node"]>;
    }
    if (refusal !== undefined) {
      const status = create(schema().message("google.rpc.Status"));
      Object.assign(status, { code: GrpcStatus.Internal, message: limited(refusal) });
      request.errorDetail = status as unknown as NonNullable<DiscoveryRequest["errorDetail"]>;
    }
    this.#sentOnStream += 1;
    this.#stream?.send(toBinary(this.#requestDesc, request), false);
  }
}

function limited(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= errorTextMax) return text;
  // A character may have been cut in two.
  const kept = bytes.toString("utf8", 0, errorTextMax).replace(/\uFFFD$/, "");
  return `${kept}...(truncated)`;
}

import type {
  AsyncClientCallbacks,
  AsyncClientRequest,
  AsyncClientStreamCallbacks,
  AsyncClientStreamOptions,
} from "../../host/src/contracts/upstream/async-client.ts";
import type { DataBuffer } from "../../host/src/contracts/buffer.ts";
import type { RequestHeaderMap } from "../../host/src/contracts/headers.ts";
import type { ClusterManager } from "../../host/src/contracts/upstream/cluster.ts";

/** A call that a guest has made. */
export interface RecordedCall {
  readonly cluster: string;
  readonly request: AsyncClientRequest;
  readonly callbacks: AsyncClientCallbacks;
  cancelled: boolean;
}

/** A stream that a guest has opened. */
export interface RecordedStream {
  readonly cluster: string;
  readonly options: AsyncClientStreamOptions;
  readonly callbacks: AsyncClientStreamCallbacks;
  headers: RequestHeaderMap | undefined;
  /** What was sent, frame by frame; one byte per character. */
  readonly sent: string[];
  ended: boolean;
  reset: boolean;
}

/** Clusters whose calls are answered by the test. */
export class RecordedClusters {
  readonly names = new Set<string>(["known"]);
  readonly calls: RecordedCall[] = [];
  readonly streams: RecordedStream[] = [];
  /** What a call does before `send` returns; it is over then. */
  inline: ((callbacks: AsyncClientCallbacks) => void) | undefined = undefined;

  readonly manager = {
    clusterNames: () => this.names,
    getThreadLocalCluster: (name: string) =>
      this.names.has(name) ? { httpAsyncClient: () => this.#client(name) } : undefined,
  } as unknown as ClusterManager;

  #client(cluster: string): unknown {
    return {
      start: (options: AsyncClientStreamOptions, callbacks: AsyncClientStreamCallbacks) =>
        this.#stream(cluster, options, callbacks),
      send: (request: AsyncClientRequest, callbacks: AsyncClientCallbacks) => {
        if (this.inline !== undefined) {
          this.inline(callbacks);
          return undefined;
        }
        const call: RecordedCall = { cluster, request, callbacks, cancelled: false };
        this.calls.push(call);
        return { cancel: () => (call.cancelled = true) };
      },
    };
  }

  #stream(
    cluster: string,
    options: AsyncClientStreamOptions,
    callbacks: AsyncClientStreamCallbacks,
  ): unknown {
    const stream: RecordedStream = {
      cluster,
      options,
      callbacks,
      headers: undefined,
      sent: [],
      ended: false,
      reset: false,
    };
    this.streams.push(stream);
    return {
      responseDetails: "details",
      sendHeaders: (headers: RequestHeaderMap) => void (stream.headers = headers),
      sendData: (data: DataBuffer, end: boolean) => {
        if (data.length > 0) stream.sent.push(data.toBuffer().toString("latin1"));
        data.drain(data.length);
        stream.ended = end;
      },
      reset: () => void (stream.reset = true),
    };
  }
}

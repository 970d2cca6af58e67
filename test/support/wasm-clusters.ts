import type {
  AsyncClientCallbacks,
  AsyncClientRequest,
} from "../../host/src/contracts/upstream/async-client.ts";
import type { ClusterManager } from "../../host/src/contracts/upstream/cluster.ts";

/** A call that a guest has made. */
export interface RecordedCall {
  readonly cluster: string;
  readonly request: AsyncClientRequest;
  readonly callbacks: AsyncClientCallbacks;
  cancelled: boolean;
}

/** Clusters whose calls are answered by the test. */
export class RecordedClusters {
  readonly names = new Set<string>(["known"]);
  readonly calls: RecordedCall[] = [];
  /** What a call does before `send` returns; it is over then. */
  inline: ((callbacks: AsyncClientCallbacks) => void) | undefined = undefined;

  readonly manager = {
    clusterNames: () => this.names,
    getThreadLocalCluster: (name: string) =>
      this.names.has(name) ? { httpAsyncClient: () => this.#client(name) } : undefined,
  } as unknown as ClusterManager;

  #client(cluster: string): unknown {
    return {
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
}

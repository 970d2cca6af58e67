import { HeaderId } from "../../../common/headers/header-id.ts";
import { HeaderMapImpl } from "../../../common/headers/header-map.ts";
import type { HeaderMap } from "../../../contracts/headers.ts";
import type { WorkerContext } from "../../../contracts/runtime.ts";
import type {
  AsyncClientCall,
  AsyncClientCallbacks,
} from "../../../contracts/upstream/async-client.ts";
import type { ClusterManager } from "../../../contracts/upstream/cluster.ts";
import { BackOff, type BackOffEnvironment } from "../../../grpc/back-off.ts";
import { HeaderMutations } from "../../../router/header-mutations.ts";
import type { StringMatcherConfig } from "../../../router/route-config.ts";
import type { AuthCall, AuthCallbacks } from "../../common/ext_authz/auth-response.ts";
import { AnswerReader } from "./answer-reader.ts";
import { type CheckHeaders, partialBodyHeader } from "./check-headers.ts";
import type { HttpServiceConfig } from "./ext-authz-config.ts";
import { HttpAttempts } from "./http-attempts.ts";
import type { HttpAuthorization, HttpCheck } from "./http-check.ts";

/** What the service is always told. */
export const alwaysAllowed: readonly StringMatcherConfig[] = [
  ":authority",
  ":method",
  ":path",
  "authorization",
].map((value) => ({ kind: "exact", value, ignoreCase: false }));

/** Asks an HTTP service about requests: by a request with the same method, path and host. */
export class PlainHttpAuthorization implements HttpAuthorization {
  readonly #service: HttpServiceConfig;
  readonly #headers: CheckHeaders;
  readonly #clusters: ClusterManager;
  readonly #environment: BackOffEnvironment;
  readonly #additions: HeaderMutations;
  readonly #answers: AnswerReader;

  constructor(
    service: HttpServiceConfig,
    headers: CheckHeaders,
    { clusterManager, dispatcher }: Pick<WorkerContext, "clusterManager" | "dispatcher">,
  ) {
    this.#service = service;
    this.#headers = headers;
    this.#clusters = clusterManager;
    this.#environment = dispatcher;
    this.#additions = new HeaderMutations({
      remove: [],
      add: service.headersToAdd.map(([name, value]) => ({
        name,
        value,
        action: "OVERWRITE_IF_EXISTS_OR_ADD",
        keepEmptyValue: false,
      })),
    });
    this.#answers = new AnswerReader(service);
  }

  check(check: HttpCheck, callbacks: AuthCallbacks): AuthCall | undefined {
    const { retry } = this.#service;
    const backOff = retry && new BackOff(retry, this.#environment);
    const attempts = new HttpAttempts((attempt) => this.#send(check, attempt), {
      answers: this.#answers,
      callbacks,
      backOff,
    });
    attempts.start();
    return attempts.over ? undefined : attempts;
  }

  #send(check: HttpCheck, callbacks: AsyncClientCallbacks): AsyncClientCall | undefined {
    const { cluster: name, timeoutMs, retry } = this.#service;
    const bytes = check.body?.bytes;
    const body = bytes !== undefined && bytes.length > 0 ? bytes : undefined;
    const request = {
      headers: this.#requestHeaders(check, body?.length ?? 0),
      // What is sent belongs to the client.
      body: retry === undefined || body === undefined ? body : Buffer.from(body),
      trailers: undefined,
      timeoutMs,
      sendXff: false,
    };
    const cluster = this.#clusters.getThreadLocalCluster(name);
    if (cluster !== undefined) return cluster.httpAsyncClient().send(request, callbacks);
    callbacks.onFailure("reset");
    return undefined;
  }

  #requestHeaders({ headers, stream, body }: HttpCheck, length: number): HeaderMap {
    const { pathPrefix, pathOverride } = this.#service;
    const made = new HeaderMapImpl();
    made.addId(HeaderId.ContentLength, String(length));
    for (const [name, value] of this.#headers.collect(headers)) {
      if (name === "content-length") continue;
      if (name !== ":path") made.add(name, value);
      else made.addId(HeaderId.Path, pathOverride === "" ? pathPrefix + value : pathOverride);
    }
    if (body !== undefined) made.add(partialBodyHeader, String(body.partial));
    this.#additions.apply(made, stream.streamInfo);
    return made;
  }
}

import { HeaderId } from "../../../common/headers/header-id.ts";
import { HeaderMapImpl } from "../../../common/headers/header-map.ts";
import type { HeaderMap } from "../../../contracts/headers.ts";
import type { JsonValue } from "../../../contracts/stream-info.ts";
import type {
  AsyncClientCallbacks,
  AsyncClientResponse,
} from "../../../contracts/upstream/async-client.ts";
import type { ClusterManager } from "../../../contracts/upstream/cluster.ts";
import { HeaderMutations } from "../../../router/header-mutations.ts";
import { StringMatcher } from "../../../router/matchers.ts";
import type { StringMatcherConfig } from "../../../router/route-config.ts";
import {
  AppendAction,
  type AuthCall,
  type AuthCallbacks,
  type AuthResponse,
  bareResponse,
  errorResponse,
  type HeaderPair,
} from "../../common/ext_authz/auth-response.ts";
import { validUtf8 } from "../../../common/protobuf/valid-utf8.ts";
import { type CheckHeaders, matchesAny, partialBodyHeader } from "./check-headers.ts";
import type { HttpServiceConfig } from "./ext-authz-config.ts";
import type { HttpAuthorization, HttpCheck } from "./http-check.ts";

/** Names, separated by commas, that the service wants removed from the request. */
const removalsHeader = "x-envoy-auth-headers-to-remove";

/** What the service is always told. */
export const alwaysAllowed: readonly StringMatcherConfig[] = [
  ":authority",
  ":method",
  ":path",
  "authorization",
].map((value) => ({ kind: "exact", value, ignoreCase: false }));

/** What a denial always takes from the service's answer, when it does not take all. */
const alwaysForClients = new Set(["www-authenticate", "location"]);

/** Belongs to the service's connection and message, not to the answer that is made of it. */
const ofConnection = new Set([
  "connection",
  "content-length",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Asks an HTTP service about requests: by a request with the same method, path and host. */
export class PlainHttpAuthorization implements HttpAuthorization {
  readonly #service: HttpServiceConfig;
  readonly #headers: CheckHeaders;
  readonly #clusters: ClusterManager;
  readonly #additions: HeaderMutations;
  readonly #answers: AnswerReader;

  constructor(service: HttpServiceConfig, headers: CheckHeaders, clusters: ClusterManager) {
    this.#service = service;
    this.#headers = headers;
    this.#clusters = clusters;
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
    const { cluster: name, timeoutMs } = this.#service;
    const cluster = this.#clusters.getThreadLocalCluster(name);
    if (cluster === undefined) {
      callbacks.onAuthResponse(errorResponse);
      return undefined;
    }
    const bytes = check.body?.bytes;
    const body = bytes !== undefined && bytes.length > 0 ? bytes : undefined;
    const request = {
      headers: this.#requestHeaders(check, body?.length ?? 0),
      body,
      trailers: undefined,
      timeoutMs,
      sendXff: false,
    };
    return cluster.httpAsyncClient().send(request, new CallCallbacks(this.#answers, callbacks));
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

class CallCallbacks implements AsyncClientCallbacks {
  readonly #answers: AnswerReader;
  readonly #callbacks: AuthCallbacks;

  constructor(answers: AnswerReader, callbacks: AuthCallbacks) {
    this.#answers = answers;
    this.#callbacks = callbacks;
  }

  onSuccess(response: AsyncClientResponse): void {
    this.#callbacks.onAuthResponse(this.#answers.read(response));
  }

  onFailure(): void {
    this.#callbacks.onAuthResponse(errorResponse);
  }
}

/** Makes of the service's answer what is done with the request. */
class AnswerReader {
  readonly #upstream: readonly StringMatcher[];
  readonly #upstreamToAppend: readonly StringMatcher[];
  readonly #client: readonly StringMatcher[] | undefined;
  readonly #clientOnSuccess: readonly StringMatcher[];
  readonly #metadata: readonly StringMatcher[];

  constructor(service: HttpServiceConfig) {
    const matchers = (list: readonly StringMatcherConfig[]): StringMatcher[] =>
      list.map((config) => new StringMatcher(config));
    this.#upstream = matchers(service.upstreamHeaders);
    this.#upstreamToAppend = matchers(service.upstreamHeadersToAppend);
    this.#client = service.clientHeaders && matchers(service.clientHeaders);
    this.#clientOnSuccess = matchers(service.clientHeadersOnSuccess);
    this.#metadata = matchers(service.metadataHeaders);
  }

  read({ headers, body }: AsyncClientResponse): AuthResponse {
    const code = Number(headers.getId(HeaderId.Status));
    if (code >= 500) return errorResponse;
    const dynamicMetadata = this.#dynamicMetadata(headers);
    if (code !== 200) {
      const headersToSet = chosen(headers, (name) => this.#isForClient(name));
      const text = body.toBuffer().latin1Slice();
      return { ...bareResponse, status: "denied", code, body: text, headersToSet, dynamicMetadata };
    }
    const forClient = chosen(headers, (name) => matchesAny(this.#clientOnSuccess, name));
    return {
      ...bareResponse,
      status: "ok",
      headersToSet: chosen(headers, (name) => matchesAny(this.#upstream, name)),
      headersToAdd: chosen(headers, (name) => matchesAny(this.#upstreamToAppend, name)),
      headersToRemove: removalsOf(headers),
      responseHeaders: forClient.map(([name, value]) => ({
        name,
        value,
        action: AppendAction.Append,
      })),
      dynamicMetadata,
    };
  }

  #isForClient(name: string): boolean {
    if (ofConnection.has(name)) return false;
    const matchers = this.#client;
    return matchers === undefined || alwaysForClients.has(name) || matchesAny(matchers, name);
  }

  #dynamicMetadata(headers: HeaderMap): { [key: string]: JsonValue } | undefined {
    const found = chosen(headers, (name) => matchesAny(this.#metadata, name));
    if (found.length === 0) return undefined;
    return Object.fromEntries(
      found.map(([name, value]) => [name, Buffer.from(validUtf8(value), "latin1").toString()]),
    );
  }
}

/** The headers whose names are wanted; no pseudo headers. */
function chosen(headers: HeaderMap, wants: (name: string) => boolean): HeaderPair[] {
  const pairs: HeaderPair[] = [];
  for (let i = 0; i < headers.size; i += 1) {
    const name = headers.nameAt(i);
    if (name.charCodeAt(0) === 58 || name === removalsHeader || !wants(name)) continue;
    pairs.push([name, headers.valueAt(i)]);
  }
  return pairs;
}

function removalsOf(headers: HeaderMap): string[] {
  const names: string[] = [];
  for (const list of headers.getAll(removalsHeader)) {
    for (const name of list.split(",")) {
      if (name.trim() !== "") names.push(name.trim().toLowerCase());
    }
  }
  return names;
}

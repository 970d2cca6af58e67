import { HeaderId } from "../../../common/headers/header-id.ts";
import { validUtf8 } from "../../../common/protobuf/valid-utf8.ts";
import type { HeaderMap } from "../../../contracts/headers.ts";
import type { JsonValue } from "../../../contracts/stream-info.ts";
import type { AsyncClientResponse } from "../../../contracts/upstream/async-client.ts";
import { StringMatcher } from "../../../router/matchers.ts";
import type { StringMatcherConfig } from "../../../router/route-config.ts";
import {
  AppendAction,
  type AuthResponse,
  bareResponse,
  errorResponse,
  type HeaderPair,
} from "../../common/ext_authz/auth-response.ts";
import { matchesAny } from "./check-headers.ts";
import type { HttpServiceConfig } from "./ext-authz-config.ts";

/** Names, separated by commas, that the service wants removed from the request. */
const removalsHeader = "x-envoy-auth-headers-to-remove";

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

/** Makes of the service's answer what is done with the request. */
export class AnswerReader {
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

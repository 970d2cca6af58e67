import { HeaderId, headerIdOf } from "../../../common/headers/header-id.ts";
import { isValidHeaderName, isValidHeaderValue } from "../../../common/headers/validation.ts";
import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from "../../../contracts/headers.ts";
import {
  AppendAction,
  type AuthResponse,
  type HeaderPair,
  type ResponseHeaderOption,
} from "../../common/ext_authz/auth-response.ts";
import type { ExtAuthzConfig } from "./ext-authz-config.ts";
import { allowsMutation } from "./mutation-rules.ts";
import { changeQuery } from "./query-parameters.ts";

type MutationConfig = Pick<ExtAuthzConfig, "mutationRules" | "validateMutations">;

/** Whether the service may change the request as it wants to. Names and values that cannot stand are for `config` to say. */
export function mayMutate(response: AuthResponse, config: MutationConfig): boolean {
  const { headersToSet, headersToAppend, headersToAdd, headersToRemove } = response;
  if (config.mutationRules?.disallowIsError === true) {
    const named = [...headersToSet, ...headersToAppend, ...headersToAdd].map(([name]) => name);
    const all = [...named, ...headersToRemove.filter(isRemovable)];
    if (!all.every((name) => allowsMutation(config.mutationRules, name))) return false;
  }
  if (!config.validateMutations) return true;
  return (
    headersToSet.every(isValidPair) &&
    headersToAppend.every(isValidPair) &&
    headersToAdd.every(isValidPair) &&
    response.responseHeaders.every(({ name, value }) => isValidPair([name, value])) &&
    response.queryToSet.every(([name, value]) => isPlainQuery(name) && isPlainQuery(value))
  );
}

/** Whether each can stand in a message. */
export function areValid(headers: readonly HeaderPair[]): boolean {
  return headers.every(isValidPair);
}

function isValidPair([name, value]: HeaderPair): boolean {
  const plain = name.startsWith(":") ? name.slice(1) : name;
  return isValidHeaderName(plain) && isValidHeaderValue(value);
}

/** True for what needs no percent-encoding. */
function isPlainQuery(text: string): boolean {
  return /^[A-Za-z0-9\-._~]*$/.test(text);
}

/** The names that a request can lose and still be one. */
function isRemovable(name: string): boolean {
  return name !== "" && !name.startsWith(":") && name !== "host";
}

/** Changes the request as the service says. */
export function mutateRequest(
  headers: RequestHeaderMap,
  response: AuthResponse,
  { mutationRules, validateMutations }: MutationConfig,
): void {
  for (const [given, value] of response.headersToAdd) {
    if (allowsMutation(mutationRules, given)) headers.add(mapName(given), value);
  }
  for (const [given, value] of response.headersToSet) {
    if (allowsMutation(mutationRules, given)) setHeader(headers, mapName(given), value);
  }
  for (const [given, value] of response.headersToAppend) {
    const name = mapName(given);
    if (mutationRules !== undefined && given.startsWith(":")) continue;
    if (headers.has(name) && allowsMutation(mutationRules, given)) headers.append(name, value);
  }
  for (const name of response.headersToRemove) {
    if (isRemovable(name) && allowsMutation(mutationRules, name)) headers.remove(name);
  }
  mutateQuery(headers, response, validateMutations);
}

/** `validate`: what cannot be a parameter's name removes nothing. */
function mutateQuery(headers: RequestHeaderMap, response: AuthResponse, validate: boolean): void {
  const { queryToSet, queryToRemove } = response;
  if (queryToSet.length === 0 && queryToRemove.length === 0) return;
  const removed = validate ? queryToRemove.filter(isPlainQuery) : queryToRemove;
  const path = headers.getId(HeaderId.Path) ?? "";
  headers.setId(HeaderId.Path, changeQuery(path, queryToSet, removed));
}

/** True when the request's route may be another one after `mutateRequest`. `names`: only if one of these changes. */
export function changesRequest(response: AuthResponse, names: readonly string[]): boolean {
  const { headersToSet, headersToAppend, headersToAdd, headersToRemove } = response;
  if (names.length > 0) {
    const pairs = [...headersToSet, ...headersToAppend, ...headersToAdd];
    return [...pairs.map(([name]) => name), ...headersToRemove].some((name) =>
      names.includes(name),
    );
  }
  return (
    headersToSet.length > 0 ||
    headersToAppend.length > 0 ||
    headersToAdd.length > 0 ||
    headersToRemove.length > 0 ||
    response.queryToSet.length > 0 ||
    response.queryToRemove.length > 0
  );
}

/** Changes the upstream's response; one action after the other, as Envoy does. */
export function mutateResponse(
  headers: ResponseHeaderMap,
  options: readonly ResponseHeaderOption[],
): void {
  const of = (action: AppendAction): ResponseHeaderOption[] =>
    options.filter((option) => option.action === action);
  for (const { name, value } of of(AppendAction.Append)) headers.add(name, value);
  for (const { name, value } of of(AppendAction.Overwrite)) setHeader(headers, name, value);
  for (const { name, value } of of(AppendAction.AddIfAbsent)) {
    if (!headers.has(name)) headers.add(name, value);
  }
  for (const { name, value } of of(AppendAction.OverwriteIfExists)) {
    if (headers.has(name)) setHeader(headers, name, value);
  }
}

/** Puts the service's headers in the place of those that a denial has already. */
export function mutateDenial(headers: ResponseHeaderMap, pairs: readonly HeaderPair[]): void {
  for (const [name] of pairs) headers.remove(name);
  for (const [name, value] of pairs) headers.add(name, value);
}

/** What Envoy does not keep in one place moves to the end. */
function setHeader(headers: HeaderMap, name: string, value: string): void {
  if (headerIdOf(name) === 0) headers.remove(name);
  headers.set(name, value);
}

/** `host` is kept as `:authority`. */
function mapName(name: string): string {
  return name === "host" ? ":authority" : name;
}

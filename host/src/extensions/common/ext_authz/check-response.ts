import { type ProtobufReader, readProtobuf } from "../../../common/protobuf/reader.ts";
import { readStruct } from "../../../common/protobuf/struct.ts";
import type { JsonValue } from "../../../contracts/stream-info.ts";
import {
  AppendAction,
  type AuthResponse,
  bareResponse,
  errorResponse,
  type HeaderPair,
  type ResponseHeaderOption,
} from "./auth-response.ts";

// Field numbers of `envoy.service.auth.v3.CheckResponse` and what is in it.
const CheckResponse = { status: 1, denied: 2, ok: 3, dynamicMetadata: 4, error: 5 } as const;
const Status = { code: 1 } as const;
const Denied = { status: 1, headers: 2, body: 3 } as const;
const HttpStatus = { code: 1 } as const;
const Ok = {
  headers: 2,
  dynamicMetadata: 3,
  headersToRemove: 5,
  responseHeadersToAdd: 6,
  queryParametersToSet: 7,
  queryParametersToRemove: 8,
} as const;
const HeaderValueOption = { header: 1, append: 2, appendAction: 3 } as const;
const BoolValue = { value: 1 } as const;
const KeyValue = { key: 1, value: 2, rawValue: 3 } as const;

/** A `HeaderValueOption` as it stands in the message. */
interface HeaderOption {
  name: string;
  value: string;
  append: boolean | undefined;
  action: AppendAction;
}

interface OkPart {
  headers: HeaderOption[];
  dynamicMetadata: { [key: string]: JsonValue } | undefined;
  headersToRemove: string[];
  responseHeaders: HeaderOption[];
  queryToSet: HeaderPair[];
  queryToRemove: string[];
}

interface DeniedPart {
  code: number;
  headers: HeaderOption[];
  body: string;
}

/** What a gRPC service answered; what is no message is an error. */
export function decodeCheckResponse(bytes: Buffer): AuthResponse {
  const read = readProtobuf(bytes, readCheckResponse);
  return read.ok ? read.value : errorResponse;
}

function readCheckResponse(reader: ProtobufReader): AuthResponse {
  let code = 0;
  let ok: OkPart | undefined;
  let denied: DeniedPart | undefined;
  let error: DeniedPart | undefined;
  let metadata: { [key: string]: JsonValue } | undefined;
  while (reader.next()) {
    switch (reader.field) {
      case CheckResponse.status:
        code = readCode(reader.message(), Status.code);
        break;
      case CheckResponse.denied:
        denied = readDenied(reader.message());
        break;
      case CheckResponse.ok:
        ok = readOk(reader.message());
        break;
      case CheckResponse.error:
        error = readDenied(reader.message());
        break;
      case CheckResponse.dynamicMetadata:
        metadata = readStruct(reader.message());
        break;
    }
  }
  const dynamicMetadata = ok?.dynamicMetadata ?? metadata;
  if (code === 0) return okResponse(ok, dynamicMetadata);
  return refusal(error === undefined ? "denied" : "error", error ?? denied, dynamicMetadata);
}

function okResponse(
  ok: OkPart | undefined,
  dynamicMetadata: AuthResponse["dynamicMetadata"],
): AuthResponse {
  if (ok === undefined) return { status: "ok", ...bareResponse, dynamicMetadata };
  const { headersToRemove, queryToSet, queryToRemove } = ok;
  return {
    ...bareResponse,
    status: "ok",
    dynamicMetadata,
    headersToRemove,
    queryToSet,
    queryToRemove,
    // Of the request's headers only `append` counts.
    headersToSet: pairs(ok.headers, false),
    headersToAppend: pairs(ok.headers, true),
    responseHeaders: ok.responseHeaders.map(responseHeader),
  };
}

function refusal(
  status: "denied" | "error",
  part: DeniedPart | undefined,
  dynamicMetadata: AuthResponse["dynamicMetadata"],
): AuthResponse {
  if (part === undefined) return { ...bareResponse, status, dynamicMetadata };
  const { code, body, headers } = part;
  const headersToSet = pairs(headers, false);
  return { ...bareResponse, status, dynamicMetadata, code, body, headersToSet };
}

function pairs(options: readonly HeaderOption[], append: boolean): HeaderPair[] {
  return options
    .filter((option) => (option.append ?? false) === append)
    .map(({ name, value }) => [name, value]);
}

function responseHeader({ name, value, append, action }: HeaderOption): ResponseHeaderOption {
  if (append === undefined) return { name, value, action };
  return { name, value, action: append ? AppendAction.Append : AppendAction.Overwrite };
}

function readOk(reader: ProtobufReader): OkPart {
  const ok: OkPart = {
    headers: [],
    dynamicMetadata: undefined,
    headersToRemove: [],
    responseHeaders: [],
    queryToSet: [],
    queryToRemove: [],
  };
  while (reader.next()) {
    switch (reader.field) {
      case Ok.headers:
        ok.headers.push(readOption(reader.message()));
        break;
      case Ok.dynamicMetadata:
        ok.dynamicMetadata = readStruct(reader.message());
        break;
      case Ok.headersToRemove:
        ok.headersToRemove.push(reader.byteText().toLowerCase());
        break;
      case Ok.responseHeadersToAdd:
        ok.responseHeaders.push(readOption(reader.message()));
        break;
      case Ok.queryParametersToSet:
        ok.queryToSet.push(readKeyValue(reader.message()));
        break;
      case Ok.queryParametersToRemove:
        ok.queryToRemove.push(reader.byteText());
        break;
    }
  }
  return ok;
}

function readDenied(reader: ProtobufReader): DeniedPart {
  const denied: DeniedPart = { code: 0, headers: [], body: "" };
  while (reader.next()) {
    if (reader.field === Denied.status) denied.code = readCode(reader.message(), HttpStatus.code);
    else if (reader.field === Denied.headers) denied.headers.push(readOption(reader.message()));
    else if (reader.field === Denied.body) denied.body = reader.byteText();
  }
  return denied;
}

function readCode(reader: ProtobufReader, field: number): number {
  let code = 0;
  while (reader.next()) if (reader.field === field) code = reader.int();
  return code;
}

function readOption(reader: ProtobufReader): HeaderOption {
  const option: HeaderOption = { name: "", value: "", append: undefined, action: 0 };
  while (reader.next()) {
    if (reader.field === HeaderValueOption.header) {
      const [name, value] = readKeyValue(reader.message());
      option.name = name.toLowerCase();
      option.value = value;
    } else if (reader.field === HeaderValueOption.append) {
      option.append = readCode(reader.message(), BoolValue.value) !== 0;
    } else if (reader.field === HeaderValueOption.appendAction) {
      const action = reader.uint();
      if (action <= AppendAction.OverwriteIfExists) option.action = action as AppendAction;
    }
  }
  return option;
}

/** `HeaderValue` and `QueryParameter`; bytes go before text. */
function readKeyValue(reader: ProtobufReader): HeaderPair {
  let key = "";
  let value = "";
  let rawValue = "";
  while (reader.next()) {
    if (reader.field === KeyValue.key) key = reader.byteText();
    else if (reader.field === KeyValue.value) value = reader.byteText();
    else if (reader.field === KeyValue.rawValue) rawValue = reader.byteText();
  }
  return [key, rawValue === "" ? value : rawValue];
}

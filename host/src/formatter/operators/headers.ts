import { HeaderId } from "../../common/headers/header-id.ts";
import { percentDecode } from "../../common/percent-decode.ts";
import type { HeaderMap } from "../../contracts/headers.ts";
import type { StreamInfo } from "../../contracts/stream-info.ts";
import {
  bare,
  foreignText,
  numeric,
  type OperatorFactory,
  type OperatorTable,
  plainText,
  refuse,
  withArgument,
  withoutLength,
} from "../provider.ts";

type GetMap = (info: StreamInfo) => HeaderMap | undefined;

/** `X?Y`: the value of X, else of Y. */
function headerOperator(getMap: GetMap): OperatorFactory {
  return withArgument((command) => {
    const names = command.argument.toLowerCase().split("?");
    if (names.length > 2) {
      return refuse(`More than 1 alternative header specified in token: ${command.argument}`);
    }
    if (names.some((name) => /[\0\r\n ]/.test(name))) {
      return refuse("Invalid header configuration. Format string contains invalid characters.");
    }
    const [main, other] = names as [string, string | undefined];
    const value = (info: StreamInfo): string | undefined => {
      const map = getMap(info);
      if (map === undefined) return undefined;
      const found = map.get(main);
      return found === undefined && other !== undefined ? map.get(other) : found;
    };
    return { ok: true, value: foreignText(value, command.maxLength) };
  });
}

function pathOf(info: StreamInfo): string | undefined {
  return info.requestHeaders?.getId(HeaderId.Path);
}

function originalPathOf(info: StreamInfo): string | undefined {
  return info.requestHeaders?.getId(HeaderId.XEnvoyOriginalPath);
}

const pathChoices: { readonly [name: string]: (info: StreamInfo) => string | undefined } = {
  ORIG: originalPathOf,
  PATH: pathOf,
  ORIG_OR_PATH: (info) => originalPathOf(info) ?? pathOf(info),
};

const path: OperatorFactory = (command) => {
  const [query = "", which = ""] = command.argument.split(":");
  if (query !== "" && query !== "WQ" && query !== "NQ") {
    return refuse(`Invalid PATH option: '${query}', only 'WQ'/'NQ' are allowed`);
  }
  const choose = pathChoices[which || "ORIG_OR_PATH"];
  if (choose === undefined) {
    return refuse(`Invalid PATH option: '${which}', only 'ORIG'/'PATH'/'ORIG_OR_PATH' are allowed`);
  }
  const value =
    query === "NQ" ? (info: StreamInfo) => choose(info)?.replace(/[?#].*$/s, "") : choose;
  return { ok: true, value: foreignText(value, command.maxLength) };
};

/** The first value of a query parameter, percent-decoded to bytes; `+` stays. */
function queryParameter(target: string, name: string): string | undefined {
  const start = target.indexOf("?");
  if (start < 0) return undefined;
  for (const pair of target
    .slice(start + 1)
    .replace(/#.*$/s, "")
    .split("&")) {
    const equals = pair.indexOf("=");
    const key = equals < 0 ? pair : pair.slice(0, equals);
    if (percentDecode(key) === name) return equals < 0 ? "" : percentDecode(pair.slice(equals + 1));
  }
  return undefined;
}

const queryParam: OperatorFactory = withArgument((command) => {
  const value = (info: StreamInfo): string | undefined => {
    const target = pathOf(info);
    return target === undefined ? undefined : queryParameter(target, command.argument);
  };
  return { ok: true, value: foreignText(value, command.maxLength) };
});

/** Codes 0 to 16: CamelCase and SNAKE_CASE. */
const grpcNames: readonly (readonly [camel: string, snake: string])[] = [
  ["OK", "OK"],
  ["Canceled", "CANCELLED"],
  ["Unknown", "UNKNOWN"],
  ["InvalidArgument", "INVALID_ARGUMENT"],
  ["DeadlineExceeded", "DEADLINE_EXCEEDED"],
  ["NotFound", "NOT_FOUND"],
  ["AlreadyExists", "ALREADY_EXISTS"],
  ["PermissionDenied", "PERMISSION_DENIED"],
  ["ResourceExhausted", "RESOURCE_EXHAUSTED"],
  ["FailedPrecondition", "FAILED_PRECONDITION"],
  ["Aborted", "ABORTED"],
  ["OutOfRange", "OUT_OF_RANGE"],
  ["Unimplemented", "UNIMPLEMENTED"],
  ["Internal", "INTERNAL"],
  ["Unavailable", "UNAVAILABLE"],
  ["DataLoss", "DATA_LOSS"],
  ["Unauthenticated", "UNAUTHENTICATED"],
];

const grpcOfHttp: { readonly [code: number]: number } = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};

/** The gRPC status of a response: of its trailers, its headers, or what its HTTP code stands for; -1: no number. */
export function grpcStatusOf(info: StreamInfo): number | undefined {
  const text =
    info.responseTrailers?.getId(HeaderId.GrpcStatus) ??
    info.responseHeaders?.getId(HeaderId.GrpcStatus);
  if (text !== undefined) return /^[0-9]{1,9}$/.test(text) ? Number(text) : -1;
  return info.responseCode === 0 ? undefined : (grpcOfHttp[info.responseCode] ?? 2);
}

function grpcStatus(info: StreamInfo): number | undefined {
  const contentType = info.requestHeaders?.getId(HeaderId.ContentType);
  if (contentType === undefined || !/^application\/grpc(\+|$)/.test(contentType)) return undefined;
  return grpcStatusOf(info);
}

const grpcStatusOperator: OperatorFactory = withoutLength((command) => {
  const style = command.argument || "CAMEL_STRING";
  if (style === "NUMBER") return { ok: true, value: numeric(grpcStatus) };
  const column = ["CAMEL_STRING", "SNAKE_STRING"].indexOf(style);
  if (column < 0) {
    return refuse(
      `GrpcStatusFormatter only supports CAMEL_STRING, SNAKE_STRING or NUMBER. Got: ${style}`,
    );
  }
  const name = (info: StreamInfo): string | undefined => {
    const status = grpcStatus(info);
    return status === undefined ? undefined : (grpcNames[status]?.[column] ?? String(status));
  };
  return { ok: true, value: plainText(name) };
});

export const headerOperators: OperatorTable = {
  REQ: headerOperator((info) => info.requestHeaders),
  RESP: headerOperator((info) => info.responseHeaders),
  TRAILER: headerOperator((info) => info.responseTrailers),
  PATH: path,
  QUERY_PARAM: queryParam,
  GRPC_STATUS: grpcStatusOperator,
  GRPC_STATUS_NUMBER: bare(() => numeric(grpcStatus)),
};

import type { GrpcJsonTranscoder } from "../../../config/gen/envoy/extensions/filters/http/grpc_json_transcoder/v3/transcoder_pb.js";
import type { HttpFilterFactory, ParseContext } from "../../../contracts/extension.ts";
import type { Result } from "../../../contracts/result.ts";
import { readDescriptorFile } from "./descriptor-file.ts";

/** What is left as it is in variables of several segments, when a path is read. */
export type UnescapeSpec = "except_reserved" | "except_slash" | "all";

/** `GrpcJsonTranscoder` as plain data. Services are found and rules read where the configuration is used. */
export interface TranscoderConfig {
  /** A serialised `google.protobuf.FileDescriptorSet`. */
  readonly descriptors: Uint8Array;
  /** None: the filter does nothing. */
  readonly services: readonly string[];
  readonly print: PrintOptions;
  readonly matchIncomingRequestRoute: boolean;
  readonly ignoredQueryParameters: readonly string[];
  readonly autoMapping: boolean;
  readonly ignoreUnknownQueryParameters: boolean;
  readonly captureUnknownQueryParameters: boolean;
  readonly convertGrpcStatus: boolean;
  readonly unescape: UnescapeSpec;
  readonly queryPlusIsSpace: boolean;
  readonly matchUnregisteredVerbs: boolean;
  readonly rejectUnknownMethod: boolean;
  readonly rejectUnknownQueryParameters: boolean;
  readonly rejectCollisions: boolean;
  readonly ignoreEnumCase: boolean;
  /** Bytes; undefined: what the stream may buffer. */
  readonly maxRequestBytes: number | undefined;
  readonly maxResponseBytes: number | undefined;
}

/** `GrpcJsonTranscoder.PrintOptions`. */
export interface PrintOptions {
  readonly whitespace: boolean;
  readonly alwaysPrimitives: boolean;
  readonly enumsAsInts: boolean;
  readonly protoNames: boolean;
  readonly stream: "array" | "lines" | "events";
}

const unescapeSpecs: readonly UnescapeSpec[] = ["except_reserved", "except_slash", "all"];

function parseConfig(message: GrpcJsonTranscoder, context: ParseContext): TranscoderConfig {
  const validation = message.requestValidationOptions;
  return {
    descriptors: descriptorsOf(message, context),
    services: message.services,
    print: printOptionsOf(message),
    matchIncomingRequestRoute: message.matchIncomingRequestRoute,
    ignoredQueryParameters: message.ignoredQueryParameters,
    autoMapping: message.autoMapping,
    ignoreUnknownQueryParameters: message.ignoreUnknownQueryParameters,
    captureUnknownQueryParameters: message.captureUnknownQueryParameters,
    convertGrpcStatus: message.convertGrpcStatus,
    unescape: unescapeSpecs[message.urlUnescapeSpec]!,
    queryPlusIsSpace: message.queryParamUnescapePlus,
    matchUnregisteredVerbs: message.matchUnregisteredCustomVerb,
    rejectUnknownMethod: validation?.rejectUnknownMethod ?? false,
    rejectUnknownQueryParameters: validation?.rejectUnknownQueryParameters ?? false,
    rejectCollisions: validation?.rejectBindingBodyFieldCollisions ?? false,
    ignoreEnumCase: message.caseInsensitiveEnumParsing,
    maxRequestBytes: message.maxRequestBodySize,
    maxResponseBytes: message.maxResponseBodySize,
  };
}

function printOptionsOf({ printOptions }: GrpcJsonTranscoder): PrintOptions {
  const events = printOptions?.streamSseStyleDelimited ?? false;
  const lines = printOptions?.streamNewlineDelimited ?? false;
  return {
    whitespace: printOptions?.addWhitespace ?? false,
    alwaysPrimitives: printOptions?.alwaysPrintPrimitiveFields ?? false,
    enumsAsInts: printOptions?.alwaysPrintEnumsAsInts ?? false,
    protoNames: printOptions?.preserveProtoFieldNames ?? false,
    stream: lines ? "lines" : events ? "events" : "array",
  };
}

function descriptorsOf(message: GrpcJsonTranscoder, context: ParseContext): Uint8Array {
  const { descriptorSet } = message;
  if (descriptorSet.case === "protoDescriptorBin") return descriptorSet.value;
  const file = readDescriptorFile(descriptorSet.value ?? "");
  if (file.ok) return file.value;
  context.problem(message, "proto_descriptor", file.error);
  return new Uint8Array();
}

/** Tries on the main thread what the workers will do. */
async function prepare(config: TranscoderConfig): Promise<Result<TranscoderConfig, string>> {
  const { createTranscoding } = await import("./transcoding.ts");
  const made = createTranscoding(config);
  return made.ok ? { ok: true, value: config } : made;
}

/** `envoy.filters.http.grpc_json_transcoder`: serves gRPC methods to clients that speak JSON. */
export const grpcJsonTranscoderFilter: HttpFilterFactory<TranscoderConfig, TranscoderConfig> = {
  name: "envoy.filters.http.grpc_json_transcoder",
  messageName: "envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
  routeMessageName: "envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
  isTerminal: false,
  parseConfig,
  prepare,
  parseRouteConfig: parseConfig,
  prepareRouteConfig: prepare,
  async createFilterFactory(config) {
    const [{ GrpcJsonTranscoderFilter }, { Transcodings }] = await Promise.all([
      import("./grpc-json-transcoder-filter.ts"),
      import("./transcoding.ts"),
    ]);
    const transcodings = new Transcodings(config);
    return {
      createFilters: (callbacks) =>
        callbacks.addStreamFilter(new GrpcJsonTranscoderFilter(transcodings)),
    };
  },
};

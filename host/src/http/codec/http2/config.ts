import type {
  Http2ProtocolOptions,
  KeepaliveSettings,
} from "../../../config/gen/envoy/config/core/v3/protocol_pb.js";
import type { ParseContext } from "../../../contracts/extension.ts";
import type { Http2Keepalive, Http2Settings } from "../../../contracts/http/codec.ts";
import { SettingId } from "./frame.ts";

const mebibyte = 1_048_576;
const defaults = {
  hpackTableSize: 4096,
  maxConcurrentStreams: 1024,
  initialStreamWindowSize: 16 * mebibyte,
  initialConnectionWindowSize: 24 * mebibyte,
  maxOutboundFrames: 10_000,
  maxOutboundControlFrames: 1000,
  maxConsecutiveInboundFramesWithEmptyPayload: 1,
  maxInboundPriorityFramesPerStream: 100,
  maxInboundWindowUpdateFramesPerDataFrameSent: 10,
  maxHeaderFieldKb: 64,
  maxMetadataBytes: mebibyte,
};
const intervalJitterPercentDefault = 15;

/** What HTTP/2 takes from options that are not its own. */
export type Http2CommonSettings = Pick<
  Http2Settings,
  "maxHeadersBytes" | "maxHeadersCount" | "underscoresInHeaders"
>;

/** `Http2ProtocolOptions`, of a connection manager or of a cluster. */
export function parseHttp2Settings(
  options: Http2ProtocolOptions | undefined,
  common: Http2CommonSettings,
  context: ParseContext,
): Http2Settings {
  const maxFieldKb = options?.maxHeaderFieldSizeKb ?? defaults.maxHeaderFieldKb;
  return {
    hpackTableSize: options?.hpackTableSize ?? defaults.hpackTableSize,
    maxConcurrentStreams: options?.maxConcurrentStreams ?? defaults.maxConcurrentStreams,
    allowConnect: options?.allowConnect ?? false,
    ...parseMetadata(options),
    ...parseFlowControl(options),
    ...parseFloodLimits(options),
    streamErrorOnInvalidHttpMessage: isStreamError(options),
    customSettings: parseCustomSettings(options, context),
    keepalive: parseKeepalive(options?.connectionKeepalive, context),
    huffman: options?.enableHuffmanEncoding ?? true,
    disallowObsText: options?.disallowObsText ?? false,
    maxHeaderFieldBytes: maxFieldKb * 1024,
    ...common,
  };
}

function parseMetadata(
  options: Http2ProtocolOptions | undefined,
): Pick<Http2Settings, "allowMetadata" | "maxMetadataBytes"> {
  return {
    allowMetadata: options?.allowMetadata ?? false,
    maxMetadataBytes: Number(options?.maxMetadataSize ?? defaults.maxMetadataBytes),
  };
}

function isStreamError(options: Http2ProtocolOptions | undefined): boolean {
  const older = options?.streamErrorOnInvalidHttpMessaging ?? false;
  return options?.overrideStreamErrorOnInvalidHttpMessage ?? older;
}

function parseFlowControl(
  options: Http2ProtocolOptions | undefined,
): Pick<Http2Settings, "initialStreamWindowSize" | "initialConnectionWindowSize"> {
  return {
    initialStreamWindowSize: options?.initialStreamWindowSize ?? defaults.initialStreamWindowSize,
    initialConnectionWindowSize:
      options?.initialConnectionWindowSize ?? defaults.initialConnectionWindowSize,
  };
}

type FloodLimits = Pick<
  Http2Settings,
  | "maxOutboundFrames"
  | "maxOutboundControlFrames"
  | "maxConsecutiveInboundFramesWithEmptyPayload"
  | "maxInboundPriorityFramesPerStream"
  | "maxInboundWindowUpdateFramesPerDataFrameSent"
>;

function parseFloodLimits(options: Http2ProtocolOptions | undefined): FloodLimits {
  return {
    maxOutboundFrames: options?.maxOutboundFrames ?? defaults.maxOutboundFrames,
    maxOutboundControlFrames:
      options?.maxOutboundControlFrames ?? defaults.maxOutboundControlFrames,
    maxConsecutiveInboundFramesWithEmptyPayload:
      options?.maxConsecutiveInboundFramesWithEmptyPayload ??
      defaults.maxConsecutiveInboundFramesWithEmptyPayload,
    maxInboundPriorityFramesPerStream:
      options?.maxInboundPriorityFramesPerStream ?? defaults.maxInboundPriorityFramesPerStream,
    maxInboundWindowUpdateFramesPerDataFrameSent:
      options?.maxInboundWindowUpdateFramesPerDataFrameSent ??
      defaults.maxInboundWindowUpdateFramesPerDataFrameSent,
  };
}

/** Settings that have a field of their own, or that nobody may change. */
const ownFields = new Map<number, string>([
  [SettingId.HeaderTableSize, "use hpack_table_size"],
  [SettingId.EnablePush, "push is never used"],
  [SettingId.MaxConcurrentStreams, "use max_concurrent_streams"],
  [SettingId.InitialWindowSize, "use initial_stream_window_size"],
  [SettingId.MaxFrameSize, "frames are of the default size"],
  [SettingId.EnableConnectProtocol, "use allow_connect"],
]);

function parseCustomSettings(
  options: Http2ProtocolOptions | undefined,
  context: ParseContext,
): Http2Settings["customSettings"] {
  const settings: { readonly identifier: number; readonly value: number }[] = [];
  for (const [i, { identifier, value }] of (options?.customSettingsParameters ?? []).entries()) {
    const id = identifier ?? 0;
    const mend = ownFields.get(id);
    const field = `custom_settings_parameters[${i}]`;
    if (mend !== undefined) {
      context.problem(options!, field, `setting ${id} cannot be a custom one: ${mend}`);
    } else if (settings.some((each) => each.identifier === id)) {
      context.problem(options!, field, `setting ${id} is given twice; keep one of them`);
    } else {
      settings.push({ identifier: id, value: value ?? 0 });
    }
  }
  return settings;
}

function parseKeepalive(
  message: KeepaliveSettings | undefined,
  context: ParseContext,
): Http2Keepalive {
  return {
    intervalMs: context.durationMs(message?.interval, 0),
    timeoutMs: context.durationMs(message?.timeout, 0),
    intervalJitterPercent: message?.intervalJitter?.value ?? intervalJitterPercentDefault,
    connectionIdleIntervalMs: context.durationMs(message?.connectionIdleInterval, 0),
  };
}

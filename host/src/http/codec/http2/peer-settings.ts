import type { Http2Settings } from "../../../contracts/http/codec.ts";
import { flowControlError, protocolError, type Http2Error } from "./errors.ts";
import { SettingId, frameBytesMost, windowDefault, windowMost } from "./frame.ts";
import type { Payload } from "./frame-reader.ts";

/** What the peer has said of itself (RFC 9113 section 6.5.2). */
export class PeerSettings {
  headerTableSize = 4096;
  maxConcurrentStreams = Infinity;
  initialWindowSize = windowDefault;
  maxFrameSize = frameBytesMost;

  read(payload: Payload): Http2Error | undefined {
    for (let at = 0; at < payload.length; at += 6) {
      const error = this.#set(payload.uint16(at), payload.uint32(at + 2));
      if (error !== undefined) return error;
    }
    return undefined;
  }

  #set(id: number, value: number): Http2Error | undefined {
    switch (id) {
      case SettingId.HeaderTableSize:
        this.headerTableSize = value;
        return undefined;
      case SettingId.EnablePush:
        return value > 1 ? protocolError("SETTINGS_ENABLE_PUSH is neither 0 nor 1") : undefined;
      case SettingId.MaxConcurrentStreams:
        this.maxConcurrentStreams = value;
        return undefined;
      case SettingId.InitialWindowSize:
        if (value > windowMost)
          return flowControlError("SETTINGS_INITIAL_WINDOW_SIZE is too large");
        this.initialWindowSize = value;
        return undefined;
      case SettingId.MaxFrameSize:
        if (value < frameBytesMost || value > 0xff_ffff) {
          return protocolError("SETTINGS_MAX_FRAME_SIZE is out of range");
        }
        this.maxFrameSize = value;
        return undefined;
      case SettingId.EnableConnectProtocol:
        return value > 1
          ? protocolError("SETTINGS_ENABLE_CONNECT_PROTOCOL is neither 0 nor 1")
          : undefined;
      default:
        return undefined;
    }
  }
}

/** Our own, as pairs of identifier and value; those that are the protocol's defaults are left out. */
export function ownSettings(settings: Http2Settings, isClient: boolean): number[] {
  const pairs: number[] = [];
  if (settings.hpackTableSize !== 4096) {
    pairs.push(SettingId.HeaderTableSize, settings.hpackTableSize);
  }
  if (isClient) pairs.push(SettingId.EnablePush, 0);
  else pairs.push(SettingId.MaxConcurrentStreams, settings.maxConcurrentStreams);
  pairs.push(SettingId.InitialWindowSize, settings.initialStreamWindowSize);
  if (settings.allowConnect && !isClient) pairs.push(SettingId.EnableConnectProtocol, 1);
  const custom = settings.customSettings;
  if (!custom.some(({ identifier }) => identifier === SettingId.MaxHeaderListSize)) {
    pairs.push(SettingId.MaxHeaderListSize, headerListBytesMost(settings));
  }
  for (const { identifier, value } of custom) pairs.push(identifier, value);
  return pairs;
}

/** What no head that is taken exceeds, counted as the setting is: 32 bytes more per field (RFC 9113 section 6.5.2). */
function headerListBytesMost(settings: Http2Settings): number {
  return Math.min(settings.maxHeadersBytes + 32 * settings.maxHeadersCount, 0xffff_ffff);
}

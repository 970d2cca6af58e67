import {
  BUFFER_PLUGIN_CONFIGURATION,
  BUFFER_VM_CONFIGURATION,
} from "../../../abi/src/numbers/buffer-type";
import { ConfigObject } from "../config/config-object";
import { readConfig } from "../config/config-reader";
import { proxy_get_buffer_bytes } from "../env";
import { outPointer, outSize } from "../memory/allocator";
import { takeBytes, takeText } from "../memory/result";
import { Status } from "../status";
import { Log } from "./log";

/** The configuration of a plugin or of its VM, to be read in `onConfigure` or `onVmStart`. */
export class Configuration {
  /** Of the last call. */
  status: Status = Status.Ok;

  constructor(
    private readonly buffer: u32,
    /** Bytes. */
    readonly size: u32,
  ) {}

  /** As text: what a `google.protobuf.StringValue` holds. Empty when there is none. */
  text(): string {
    this.status = proxy_get_buffer_bytes(this.buffer, 0, this.size, outPointer, outSize);
    return this.status == Status.Ok ? takeText() : "";
  }

  /**
   * Reads JSON, the text of a `google.protobuf.StringValue`, into an object. False when it does not fit: every problem
   * has been logged then, with its place.
   */
  into(target: ConfigObject): bool {
    const problems = readConfig(this.text(), target);
    for (let i = 0; i < problems.length; i++) Log.error(`configuration: ${problems[i]}`);
    return problems.length == 0;
  }

  bytes(): ArrayBuffer {
    this.status = proxy_get_buffer_bytes(this.buffer, 0, this.size, outPointer, outSize);
    return this.status == Status.Ok ? takeBytes() : new ArrayBuffer(0);
  }
}

export function pluginConfiguration(size: u32): Configuration {
  return new Configuration(BUFFER_PLUGIN_CONFIGURATION, size);
}

export function vmConfiguration(size: u32): Configuration {
  return new Configuration(BUFFER_VM_CONFIGURATION, size);
}

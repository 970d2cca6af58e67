import {
  BUFFER_PLUGIN_CONFIGURATION,
  BUFFER_VM_CONFIGURATION,
} from "../../../abi/src/numbers/buffer-type";
import { proxy_get_buffer_bytes } from "../env";
import { outPointer, outSize, release } from "../memory/allocator";
import { readText } from "../memory/text";
import { Status } from "../status";

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
    if (this.status != Status.Ok) return "";
    const pointer = load<usize>(outPointer);
    const text = readText(pointer, load<u32>(outSize));
    release(pointer);
    return text;
  }

  bytes(): ArrayBuffer {
    this.status = proxy_get_buffer_bytes(this.buffer, 0, this.size, outPointer, outSize);
    if (this.status != Status.Ok) return new ArrayBuffer(0);
    const pointer = load<usize>(outPointer);
    const size = load<u32>(outSize);
    const bytes = new ArrayBuffer(size);
    memory.copy(changetype<usize>(bytes), pointer, size);
    release(pointer);
    return bytes;
  }
}

export function pluginConfiguration(size: u32): Configuration {
  return new Configuration(BUFFER_PLUGIN_CONFIGURATION, size);
}

export function vmConfiguration(size: u32): Configuration {
  return new Configuration(BUFFER_VM_CONFIGURATION, size);
}

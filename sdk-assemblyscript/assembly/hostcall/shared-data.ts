import { proxy_get_shared_data, proxy_set_shared_data } from "../env";
import { outPointer, outSize, outWord } from "../memory/allocator";
import { takeBytes } from "../memory/result";
import { EncodedText, firstArgument } from "../memory/text";
import { Status } from "../status";

/**
 * One value that all workers see, and all plugins with the same `vm_id`. To change what others change too, read it,
 * write it with `replace`, and begin again when that says `CasMismatch`.
 */
export class SharedData {
  /** Of the last call. */
  status: Status = Status.Ok;
  /** What `replace` compares; set by `get`. 0: there is none yet. */
  version: u32 = 0;

  constructor(readonly key: string) {}

  /** Null when there is none (`status` is `NotFound`) or the call failed. */
  get(): ArrayBuffer | null {
    EncodedText.of(this.key, firstArgument);
    this.status = proxy_get_shared_data(
      firstArgument.pointer,
      firstArgument.size,
      outPointer,
      outSize,
      outWord,
    );
    EncodedText.done(firstArgument);
    if (this.status != Status.Ok) {
      this.version = 0;
      return null;
    }
    this.version = load<u32>(outWord);
    return takeBytes();
  }

  getText(): string | null {
    const bytes = this.get();
    return bytes === null ? null : String.UTF8.decode(bytes);
  }

  /** Writes it, whatever is there. */
  set(value: ArrayBuffer): Status {
    return this.write(value, 0);
  }

  setText(value: string): Status {
    return this.write(String.UTF8.encode(value), 0);
  }

  /**
   * Writes it when nobody has since the last `get` of this object; else `CasMismatch`. Where `get` found none there is
   * nothing to compare with, and the last writer wins: write a first value in `onConfigure`.
   */
  replace(value: ArrayBuffer): Status {
    return this.write(value, this.version);
  }

  replaceText(value: string): Status {
    return this.write(String.UTF8.encode(value), this.version);
  }

  private write(value: ArrayBuffer, version: u32): Status {
    EncodedText.of(this.key, firstArgument);
    this.status = proxy_set_shared_data(
      firstArgument.pointer,
      firstArgument.size,
      changetype<usize>(value),
      value.byteLength,
      version,
    );
    EncodedText.done(firstArgument);
    return this.status;
  }
}

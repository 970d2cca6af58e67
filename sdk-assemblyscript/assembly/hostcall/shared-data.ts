import { proxy_get_shared_data, proxy_set_shared_data } from "../env";
import { outPointer, outSize, outWord } from "../memory/allocator";
import { takeBytes, takeText } from "../memory/result";
import { encodeFirst, firstPointer, firstSize, releaseTexts } from "../memory/text";
import { bytesOf } from "../memory/utf8";
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
    return this.read() ? takeBytes() : null;
  }

  getText(): string | null {
    return this.read() ? takeText() : null;
  }

  /** Writes it, whatever is there. */
  set(value: ArrayBuffer): Status {
    return this.write(value, 0);
  }

  setText(value: string): Status {
    return this.write(bytesOf(value), 0);
  }

  /**
   * Writes it when nobody has since the last `get` of this object; else `CasMismatch`. Where `get` found none there is
   * nothing to compare with, and the last writer wins: write a first value in `onConfigure`.
   */
  replace(value: ArrayBuffer): Status {
    return this.write(value, this.version);
  }

  replaceText(value: string): Status {
    return this.write(bytesOf(value), this.version);
  }

  private read(): bool {
    encodeFirst(changetype<usize>(this.key));
    this.status = proxy_get_shared_data(firstPointer, firstSize, outPointer, outSize, outWord);
    releaseTexts();
    const isThere = this.status == Status.Ok;
    this.version = isThere ? load<u32>(outWord) : 0;
    return isThere;
  }

  private write(value: ArrayBuffer, version: u32): Status {
    encodeFirst(changetype<usize>(this.key));
    this.status = proxy_set_shared_data(
      firstPointer,
      firstSize,
      changetype<usize>(value),
      value.byteLength,
      version,
    );
    releaseTexts();
    return this.status;
  }
}

import { currentTimeMilliseconds, SharedData, Status } from "@sluice/sdk-assemblyscript/assembly";

/**
 * Takes one of `tokens` that whoever `key` stands for has in so many seconds; false when none is left. All workers take
 * from the same.
 */
export function takeToken(key: string, tokens: u32, seconds: u32): bool {
  const shared = new SharedData(key);
  // Others may take theirs meanwhile. Who loses that often goes through.
  for (let tries = 0; tries < 10; tries++) {
    const now = currentTimeMilliseconds();
    const window = new Window();
    const bytes = shared.get();
    if (bytes !== null) window.read(bytes);
    if (now - window.startMs >= <u64>seconds * 1000) {
      window.startMs = now;
      window.taken = 0;
    }
    if (window.taken >= tokens) return false;
    window.taken += 1;
    if (shared.replace(window.write()) != Status.CasMismatch) return true;
  }
  return true;
}

/** When the seconds began and how many tokens have been taken since, as twelve bytes. */
class Window {
  startMs: u64 = 0;
  taken: u32 = 0;

  read(bytes: ArrayBuffer): void {
    if (bytes.byteLength != 12) return;
    this.startMs = load<u64>(changetype<usize>(bytes));
    this.taken = load<u32>(changetype<usize>(bytes) + 8);
  }

  write(): ArrayBuffer {
    const bytes = new ArrayBuffer(12);
    store<u64>(changetype<usize>(bytes), this.startMs);
    store<u32>(changetype<usize>(bytes) + 8, this.taken);
    return bytes;
  }
}

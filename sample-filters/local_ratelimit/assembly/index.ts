import {
  ConfigObject,
  Configuration,
  currentTimeMilliseconds,
  HeaderMap,
  HeadersStatus,
  HttpFilter,
  LocalResponse,
  Plugin,
  SharedData,
  Status,
} from "@sluice/sdk-assemblyscript/assembly";

class Settings extends ConfigObject {
  requests!: u32;
  seconds!: u32;
  clientHeader: string = "x-client";
}

class LocalRateLimit extends Plugin {
  readonly settings: Settings = new Settings();

  override onConfigure(configuration: Configuration): bool {
    return configuration.into(this.settings);
  }

  override createHttpFilter(): HttpFilter {
    return new RateLimitFilter(this.settings);
  }
}

class RateLimitFilter extends HttpFilter {
  constructor(private readonly settings: Settings) {
    super();
  }

  override onRequestHeaders(headers: HeaderMap, _endOfStream: bool): HeadersStatus {
    const client = headers.get(this.settings.clientHeader);
    if (this.takeToken(client === null ? "unknown" : client)) return HeadersStatus.Continue;
    const response = new LocalResponse(429);
    response.body = "slow down\n";
    response.details = "local_ratelimit";
    response.header("retry-after", this.settings.seconds.toString()).send();
    return HeadersStatus.StopIteration;
  }

  private takeToken(client: string): bool {
    const window = new SharedData("window of " + client);
    // Others may take theirs meanwhile. Who loses that often goes through.
    for (let tries = 0; tries < 10; tries++) {
      const now = currentTimeMilliseconds();
      const bytes = window.get();
      const next = new Window();
      if (bytes !== null) next.read(bytes);
      if (now - next.startMs >= <u64>this.settings.seconds * 1000) {
        next.startMs = now;
        next.taken = 0;
      }
      if (next.taken >= this.settings.requests) return false;
      next.taken += 1;
      if (window.replace(next.write()) != Status.CasMismatch) return true;
    }
    return true;
  }
}

/** When a client's window began and how many tokens it has taken since, as twelve bytes. */
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

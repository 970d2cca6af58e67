import {
  Body,
  ConfigObject,
  Configuration,
  Counter,
  ListenerFilter,
  Log,
  Plugin,
  Property,
  StreamStatus,
} from "@sluice/sdk-assemblyscript/assembly";
import { protocolOf, tooEarly, unknown } from "./protocols";

class Settings extends ConfigObject {
  /** Of `http1`, `http2`, `tls`, `ssh`, `redis` and `unknown`. */
  allow!: string[];
}

class ProtocolSniffer extends Plugin {
  readonly settings: Settings = new Settings();
  readonly accepted: Counter = new Counter("protocol_sniffer.accepted");
  readonly rejected: Counter = new Counter("protocol_sniffer.rejected");

  override onConfigure(configuration: Configuration): bool {
    return configuration.into(this.settings);
  }

  override createListenerFilter(): ListenerFilter {
    return new Sniffer(this);
  }
}

/** As many bytes as the longest beginning has. */
const mostBytes: u32 = 24;

class Sniffer extends ListenerFilter {
  constructor(private readonly plugin: ProtocolSniffer) {
    super();
  }

  override onAccept(): StreamStatus {
    this.wantFirstBytes(mostBytes);
    return StreamStatus.StopIteration;
  }

  override onFirstBytes(bytes: Body): StreamStatus {
    let protocol = protocolOf(Uint8Array.wrap(bytes.bytes()));
    if (protocol == tooEarly) {
      if (bytes.size < mostBytes) return StreamStatus.StopIteration;
      protocol = unknown;
    }
    // Access logs show it as %FILTER_STATE(wasm.protocol:PLAIN)%.
    new Property(["protocol"]).set(protocol);
    if (this.plugin.settings.allow.includes(protocol)) {
      this.plugin.accepted.increment();
      return StreamStatus.Continue;
    }
    this.plugin.rejected.increment();
    Log.info(`${protocol} is not allowed`);
    this.reject();
    return StreamStatus.StopIteration;
  }
}

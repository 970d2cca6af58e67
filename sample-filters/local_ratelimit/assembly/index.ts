import {
  ConfigObject,
  Configuration,
  HeaderMap,
  HeadersStatus,
  HttpFilter,
  LocalResponse,
  Log,
  NetworkFilter,
  Plugin,
  Property,
  StreamStatus,
} from "@sluice/sdk-assemblyscript/assembly";
import { takeToken } from "./window";

const unlimited = u32.MAX_VALUE;

class Settings extends ConfigObject {
  /** Of each client, where the plugin is an HTTP filter. */
  requests: u32 = unlimited;
  /** Of each address, where it is a network filter. */
  connections: u32 = unlimited;
  seconds!: u32;
  clientHeader: string = "x-client";
}

class LocalRateLimit extends Plugin {
  readonly settings: Settings = new Settings();
  readonly address: Property = new Property(["source", "address"]);

  override onConfigure(configuration: Configuration): bool {
    if (!configuration.into(this.settings)) return false;
    const settings = this.settings;
    if (settings.requests != unlimited || settings.connections != unlimited) return true;
    Log.error("configuration: $: requests or connections is needed");
    return false;
  }

  override createHttpFilter(): HttpFilter {
    return new RequestLimit(this.settings);
  }

  override createNetworkFilter(): NetworkFilter {
    return new ConnectionLimit(this);
  }
}

class RequestLimit extends HttpFilter {
  constructor(private readonly settings: Settings) {
    super();
  }

  override onRequestHeaders(headers: HeaderMap, _endOfStream: bool): HeadersStatus {
    const settings = this.settings;
    const client = headers.get(settings.clientHeader);
    const key = "requests of " + (client === null ? "unknown" : client);
    if (takeToken(key, settings.requests, settings.seconds)) return HeadersStatus.Continue;
    const response = new LocalResponse(429);
    response.body = "slow down\n";
    response.details = "local_ratelimit";
    response.header("retry-after", settings.seconds.toString()).send();
    return HeadersStatus.StopIteration;
  }
}

class ConnectionLimit extends NetworkFilter {
  constructor(private readonly plugin: LocalRateLimit) {
    super();
  }

  override onNewConnection(): StreamStatus {
    const settings = this.plugin.settings;
    const address = this.plugin.address.text();
    // Without the port.
    const host = address === null ? "" : address.substring(0, address.lastIndexOf(":"));
    const key = "connections of " + host;
    if (takeToken(key, settings.connections, settings.seconds)) return StreamStatus.Continue;
    this.close();
    return StreamStatus.StopIteration;
  }
}

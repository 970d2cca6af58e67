import {
  AccessLogger,
  Configuration,
  ConfigObject,
  Counter,
  HeaderMap,
  Log,
  Property,
} from "@sluice/sdk-assemblyscript/assembly";

class Settings extends ConfigObject {
  /** Request headers that go into the line, under their names. */
  headers: string[] = ["user-agent"];
}

class JsonLog extends AccessLogger {
  readonly settings: Settings = new Settings();
  private readonly status: Property = new Property(["response", "code"]);
  private readonly sent: Property = new Property(["response", "size"]);
  private readonly route: Property = new Property(["xds", "route_name"]);
  private readonly good: Counter = new Counter("access_log.good");
  private readonly bad: Counter = new Counter("access_log.bad");

  override onConfigure(configuration: Configuration): bool {
    return configuration.into(this.settings);
  }

  override onLog(
    requestHeaders: HeaderMap,
    _responseHeaders: HeaderMap,
    _responseTrailers: HeaderMap,
  ): void {
    const status = this.status.integer();
    if (status >= 200 && status < 400) this.good.increment();
    else this.bad.increment();
    let line = `{"method":${quoted(requestHeaders.get(":method"))}`;
    line += `,"path":${quoted(requestHeaders.get(":path"))}`;
    line += `,"route":${quoted(this.route.text())}`;
    line += `,"status":${status},"sent":${this.sent.integer()}`;
    const names = this.settings.headers;
    for (let i = 0; i < names.length; i++) {
      line += `,${quoted(names[i])}:${quoted(requestHeaders.get(names[i]))}`;
    }
    Log.info(`${line}}`);
  }
}

/** A JSON string, or null. */
function quoted(text: string | null): string {
  if (text === null) return "null";
  let written = '"';
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x20 && unit != 0x22 && unit != 0x5c) continue;
    written += text.substring(from, i);
    written += unit < 0x20 ? `\\u00${unit < 0x10 ? "0" : ""}${unit.toString(16)}` : "\\";
    from = unit < 0x20 ? i + 1 : i;
  }
  return written + text.substring(from) + '"';
}

import {
  Body,
  ConfigObject,
  Configuration,
  Counter,
  Log,
  NetworkFilter,
  Plugin,
  StreamStatus,
} from "@sluice/sdk-assemblyscript/assembly";

class Settings extends ConfigObject {
  /** Commands that the server is not shown, in capitals. */
  forbid: string[] = [];
  /** Who sends a longer line is disconnected. */
  mostBytes: u32 = 1024;
}

class LineProtocol extends Plugin {
  readonly settings: Settings = new Settings();
  readonly commands: Counter = new Counter("line_protocol.commands");
  readonly forbidden: Counter = new Counter("line_protocol.forbidden");
  readonly errors: Counter = new Counter("line_protocol.errors");

  override onConfigure(configuration: Configuration): bool {
    return configuration.into(this.settings);
  }

  override createNetworkFilter(): NetworkFilter {
    return new LineFilter(this);
  }
}

class LineFilter extends NetworkFilter {
  constructor(private readonly plugin: LineProtocol) {
    super();
  }

  /** Lines go on when they are whole; what is held is shown again with what comes behind it. */
  override onDownstreamData(data: Body, endOfStream: bool): StreamStatus {
    const text = data.text();
    const end = text.lastIndexOf("\n") + 1;
    if (text.length - end > <i32>this.plugin.settings.mostBytes) {
      Log.warn("a line is too long");
      this.close();
      return StreamStatus.StopIteration;
    }
    if (end < text.length && !endOfStream) return StreamStatus.StopIteration;
    const lines = text.split("\n");
    let changed = false;
    for (let i = 0; i < lines.length; i++) {
      if (lines[i].length == 0) continue;
      const command = lines[i].split(" ")[0].trim().toUpperCase();
      this.plugin.commands.increment();
      if (!this.plugin.settings.forbid.includes(command)) continue;
      this.plugin.forbidden.increment();
      // The server answers that there is no such command, in its own words and in its turn.
      lines[i] = `FORBIDDEN-${command}`;
      changed = true;
    }
    if (changed) data.replace(lines.join("\n"));
    return StreamStatus.Continue;
  }

  override onUpstreamData(data: Body, endOfStream: bool): StreamStatus {
    const text = data.text();
    if (!text.endsWith("\n") && !endOfStream) return StreamStatus.StopIteration;
    const lines = text.split("\n");
    for (let i = 0; i < lines.length; i++) {
      if (lines[i].startsWith("ERROR")) this.plugin.errors.increment();
    }
    return StreamStatus.Continue;
  }
}

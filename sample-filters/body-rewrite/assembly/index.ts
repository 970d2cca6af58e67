import {
  Body,
  ConfigObject,
  Configuration,
  DataStatus,
  HeaderMap,
  HeadersStatus,
  HttpFilter,
  Plugin,
} from "@sluice/sdk-assemblyscript/assembly";

class Replacement extends ConfigObject {
  find: string = "";
  put: string = "";
}

class Settings extends ConfigObject {
  replacements: Replacement[] = [];
}

class BodyRewrite extends Plugin {
  readonly settings: Settings = new Settings();

  override onConfigure(configuration: Configuration): bool {
    return configuration.into(this.settings);
  }

  override createHttpFilter(): HttpFilter {
    return new BodyFilter(this.settings.replacements);
  }
}

class BodyFilter extends HttpFilter {
  private rewrites: bool = false;

  constructor(private readonly replacements: Replacement[]) {
    super();
  }

  override onResponseHeaders(headers: HeaderMap, endOfStream: bool): HeadersStatus {
    const type = headers.get("content-type");
    const isText = type === null || type.startsWith("text/");
    this.rewrites = isText && !endOfStream && !headers.has("content-encoding");
    // The length will be another one.
    if (this.rewrites) headers.remove("content-length");
    return HeadersStatus.Continue;
  }

  override onResponseBody(body: Body, endOfStream: bool): DataStatus {
    if (!this.rewrites) return DataStatus.Continue;
    if (!endOfStream) return DataStatus.StopIterationAndBuffer;
    const text = body.text();
    let rewritten = text;
    for (let i = 0; i < this.replacements.length; i++) {
      const replacement = this.replacements[i];
      if (replacement.find.length == 0) continue;
      rewritten = rewritten.replaceAll(replacement.find, replacement.put);
    }
    if (rewritten != text) body.replace(rewritten);
    return DataStatus.Continue;
  }
}

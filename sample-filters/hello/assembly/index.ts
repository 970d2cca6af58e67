import {
  Configuration,
  HeaderMap,
  HeadersStatus,
  HttpFilter,
  Log,
  Plugin,
} from "@sluice/sdk-assemblyscript/assembly";

class HelloPlugin extends Plugin {
  greeting: string = "hello";

  override onConfigure(configuration: Configuration): bool {
    const text = configuration.text();
    if (text.length > 0) this.greeting = text;
    Log.info(`greets with "${this.greeting}"`);
    return true;
  }

  override createHttpFilter(): HttpFilter {
    return new HelloFilter(this.greeting);
  }
}

class HelloFilter extends HttpFilter {
  private who: string = "world";

  constructor(private readonly greeting: string) {
    super();
  }

  override onRequestHeaders(headers: HeaderMap, _endOfStream: bool): HeadersStatus {
    const name = headers.get("x-name");
    if (name !== null) this.who = name;
    return HeadersStatus.Continue;
  }

  override onResponseHeaders(headers: HeaderMap, _endOfStream: bool): HeadersStatus {
    headers.set("x-hello-wasm", `${this.greeting}, ${this.who}`);
    return HeadersStatus.Continue;
  }
}

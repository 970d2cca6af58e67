import {
  Configuration,
  HeaderMap,
  HeadersStatus,
  HttpFilter,
  Log,
  Plugin,
} from "@sluice/sdk-assemblyscript/assembly";

/** One for each configuration of the filter, on each worker of the proxy. */
class GreetingPlugin extends Plugin {
  greeting: string = "hello";

  override onConfigure(configuration: Configuration): bool {
    const text = configuration.text();
    if (text.length > 0) this.greeting = text;
    Log.info(`greets with "${this.greeting}"`);
    return true;
  }

  override createHttpFilter(): HttpFilter {
    return new GreetingFilter(this.greeting);
  }
}

/** One for each request. */
class GreetingFilter extends HttpFilter {
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
    headers.set("x-greeting", `${this.greeting}, ${this.who}`);
    return HeadersStatus.Continue;
  }
}

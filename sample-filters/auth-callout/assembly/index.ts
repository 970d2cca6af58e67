import {
  CalloutError,
  ConfigObject,
  Configuration,
  continueRequest,
  HeaderMap,
  HeadersStatus,
  HttpCall,
  HttpCallHandler,
  HttpFilter,
  HttpResponse,
  LocalResponse,
  Log,
  Plugin,
  Status,
} from "@sluice/sdk-assemblyscript/assembly";

class Settings extends ConfigObject {
  cluster!: string;
  path: string = "/";
  timeoutMs: u32 = 1000;
  /** Whether requests pass when the service does not answer. */
  failOpen: bool = false;
}

class AuthCallout extends Plugin {
  readonly settings: Settings = new Settings();

  override onConfigure(configuration: Configuration): bool {
    return configuration.into(this.settings);
  }

  override createHttpFilter(): HttpFilter {
    return new AuthFilter(this.settings);
  }
}

class AuthFilter extends HttpFilter {
  constructor(private readonly settings: Settings) {
    super();
  }

  override onRequestHeaders(headers: HeaderMap, _endOfStream: bool): HeadersStatus {
    // Who the user is, the service alone says.
    headers.remove("x-user");
    const call = new HttpCall(this.settings.cluster, "GET", this.settings.path);
    const credentials = headers.get("authorization");
    if (credentials !== null) call.header("authorization", credentials);
    call.header("x-original-method", headers.get(":method")!);
    call.header("x-original-path", headers.get(":path")!);
    const status = call.timeout(this.settings.timeoutMs).send(this, new OnAnswer(this));
    if (status == Status.Ok) return HeadersStatus.StopIteration;
    return this.fail(`not sent (${status})`) ? HeadersStatus.Continue : HeadersStatus.StopIteration;
  }

  allow(user: string | null): void {
    if (user !== null) this.requestHeaders.set("x-user", user);
    continueRequest();
  }

  /** Answers what the service has answered. */
  refuse(answer: HttpResponse, status: u32): void {
    const response = new LocalResponse(status);
    response.bodyBytes = answer.body.bytes();
    response.details = "auth_refused";
    const challenge = answer.headers.get("www-authenticate");
    if (challenge !== null) response.header("www-authenticate", challenge);
    response.send();
  }

  /** There is no answer. True: the request passes all the same. */
  fail(reason: string): bool {
    Log.warn(`auth: ${reason}`);
    if (this.settings.failOpen) return true;
    const response = new LocalResponse(503);
    response.body = "cannot tell who you are\n";
    response.details = "auth_failed";
    response.send();
    return false;
  }
}

class OnAnswer extends HttpCallHandler {
  constructor(private readonly filter: AuthFilter) {
    super();
  }

  override onResponse(response: HttpResponse): void {
    const status = response.status();
    if (status == 200) this.filter.allow(response.headers.get("x-user"));
    else if (status == 401 || status == 403) this.filter.refuse(response, status);
    else if (this.filter.fail(`answered ${status}`)) continueRequest();
  }

  override onFailure(error: CalloutError): void {
    if (this.filter.fail(error.message)) continueRequest();
  }
}

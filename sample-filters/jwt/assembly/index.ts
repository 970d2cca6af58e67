import {
  Configuration,
  HeaderMap,
  HeadersStatus,
  HttpFilter,
  LocalResponse,
  Plugin,
} from "@sluice/sdk-assemblyscript/assembly";
import { Key, keysOf } from "./key";
import { Settings } from "./settings";
import { verify } from "./token";

class Jwt extends Plugin {
  readonly settings: Settings = new Settings();

  keys: Key[] = [];

  override onConfigure(configuration: Configuration): bool {
    if (!configuration.into(this.settings)) return false;
    const keys = keysOf(this.settings);
    if (keys === null) return false;
    this.keys = keys;
    return true;
  }

  override createHttpFilter(): HttpFilter {
    return new TokenFilter(this);
  }
}

class TokenFilter extends HttpFilter {
  constructor(private readonly jwt: Jwt) {
    super();
  }

  override onRequestHeaders(headers: HeaderMap, _endOfStream: bool): HeadersStatus {
    // Who the user is, the token alone says.
    headers.remove("x-user");
    const credentials = headers.get("authorization");
    if (credentials === null || !credentials.startsWith("Bearer ")) {
      return this.refuse("Bearer", "a token is needed");
    }
    const verdict = verify(credentials.substring(7), this.jwt.keys, this.jwt.settings);
    if (verdict.problem != "") return this.refuse('Bearer error="invalid_token"', verdict.problem);
    const subject = verdict.subject;
    if (subject !== null) headers.set("x-user", subject);
    return HeadersStatus.Continue;
  }

  private refuse(challenge: string, reason: string): HeadersStatus {
    const response = new LocalResponse(401);
    response.body = `${reason}\n`;
    response.details = "jwt_refused";
    response.header("www-authenticate", challenge).send();
    return HeadersStatus.StopIteration;
  }
}

import type { Proxy } from "../proxy/proxy.ts";
import type { Protocol, Request } from "../suite/suite.ts";
import type { Exchange } from "./exchange.ts";
import { Http1Exchange } from "./http1-exchange.ts";

/** Sends the request, each part when the one before has had its effects. */
export async function beginExchange(
  proxy: Proxy,
  request: Request,
  protocol: Protocol,
): Promise<Exchange> {
  if (protocol === "http1") return Http1Exchange.begin(proxy, request);
  const { Http2Exchange } = await import("./http2-exchange.ts");
  return Http2Exchange.begin(proxy, request);
}

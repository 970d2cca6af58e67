import type { JsonObject } from "@bufbuild/protobuf";
import { bootstrap, httpListener, staticCluster } from "../../support/proxy-config.ts";

interface Ports {
  readonly one: number;
  readonly two: number;
}

const format =
  "%REQ(:PATH)% | %PROTOCOL% %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %GRPC_STATUS%";
const prefixes = ["/echo", "/204", "/half", "/close", "/reset/", "/trailers"];

/** Two listeners: behind `one` the upstream speaks HTTP/1.1, behind `two` HTTP/2. `/mark/…` only leaves a line. */
export function http2Scenario(listen: Ports, upstream: Ports, log: string): JsonObject {
  const listeners = (["one", "two"] as const).map((name) =>
    httpListener({
      name,
      port: listen[name],
      routes: [
        ...prefixes.map((prefix) => ({ match: { prefix }, route: { cluster: name } })),
        { match: { prefix: "/mark/" }, direct_response: { status: 200 } },
      ],
      accessLog: log,
      logFormat: format,
    }),
  );
  return bootstrap(listeners, [
    staticCluster("one", [upstream.one]),
    staticCluster("two", [upstream.two], { http2_protocol_options: {} }),
  ]);
}

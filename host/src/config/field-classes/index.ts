import { accessLogFields } from "./access-log.ts";
import { bootstrapFields } from "./bootstrap.ts";
import { FieldClasses } from "./classes.ts";
import { clusterFields } from "./cluster.ts";
import { coreFields } from "./core.ts";
import { discoveryFields } from "./discovery.ts";
import { extAuthzFields } from "./ext-authz.ts";
import { grpcFilterFields } from "./grpc-filters.ts";
import { grpcServiceFields } from "./grpc-service.ts";
import { hcmFields } from "./hcm.ts";
import { http2Fields } from "./http2.ts";
import { listenerFields } from "./listener.ts";
import { luaFields } from "./lua.ts";
import { networkFilterFields } from "./network-filters.ts";
import { rateLimitFields } from "./ratelimit.ts";
import { routeFields } from "./route.ts";
import { secretFields } from "./secrets.ts";
import { tlsFields } from "./tls.ts";
import { wasmFields } from "./wasm.ts";

/** What Sluice does with each field of each message that it knows. */
export const fieldClasses = new FieldClasses([
  accessLogFields,
  bootstrapFields,
  clusterFields,
  coreFields,
  discoveryFields,
  extAuthzFields,
  grpcFilterFields,
  grpcServiceFields,
  hcmFields,
  http2Fields,
  listenerFields,
  luaFields,
  networkFilterFields,
  rateLimitFields,
  routeFields,
  secretFields,
  tlsFields,
  wasmFields,
]);

import type { WorkerContext } from "../../../contracts/runtime.ts";
import { GrpcAuthorization } from "../../common/ext_authz/grpc-authorization.ts";
import { CheckHeaders } from "./check-headers.ts";
import type { AuthServiceConfig, ExtAuthzConfig } from "./ext-authz-config.ts";
import { GrpcHttpAuthorization } from "./grpc-http-authorization.ts";
import type { HttpAuthorization } from "./http-check.ts";
import { alwaysAllowed, PlainHttpAuthorization } from "./plain-http-authorization.ts";

type Context = Pick<WorkerContext, "clusterManager" | "dispatcher">;

/** Who is asked by the filters of one configuration on a worker: its own service, or a route's. */
export class AuthServices {
  readonly #config: ExtAuthzConfig;
  readonly #context: Context;
  readonly #own: HttpAuthorization;
  readonly #ofRoutes = new WeakMap<AuthServiceConfig, HttpAuthorization>();

  constructor(config: ExtAuthzConfig, context: Context) {
    this.#config = config;
    this.#context = context;
    this.#own = this.#create(config.service);
  }

  /** `service`: of the route; undefined: the filter's own. */
  of(service: AuthServiceConfig | undefined): HttpAuthorization {
    if (service === undefined) return this.#own;
    let authorization = this.#ofRoutes.get(service);
    if (authorization === undefined) {
      authorization = this.#create(service);
      this.#ofRoutes.set(service, authorization);
    }
    return authorization;
  }

  #create({ kind, service }: AuthServiceConfig): HttpAuthorization {
    const { allowedHeaders, disallowedHeaders: disallowed, encodeRawHeaders: raw } = this.#config;
    if (kind === "grpc") {
      const headers = new CheckHeaders({ allowed: allowedHeaders, disallowed, raw });
      const authorization = new GrpcAuthorization(service, this.#context);
      return new GrpcHttpAuthorization(this.#config, headers, authorization);
    }
    const named = allowedHeaders ?? service.allowedHeaders ?? [];
    const headers = new CheckHeaders({ allowed: [...alwaysAllowed, ...named], disallowed, raw });
    return new PlainHttpAuthorization(service, headers, this.#context);
  }
}

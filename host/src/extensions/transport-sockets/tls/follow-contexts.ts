import type {
  FollowedMaterial,
  MaterialSlots,
  SecretProviders,
  TlsMaterial,
} from "../../../contracts/secret.ts";
import type { Counter, StatsScope } from "../../../contracts/stats.ts";

/** What is made of material, and keeps it. */
interface MadeOfMaterial {
  readonly material: TlsMaterial;
}

/** Where the contexts are used. */
interface Place {
  readonly secrets: SecretProviders;
  /** Of the listener or the cluster. */
  readonly scope: StatsScope;
  readonly side: "server" | "client";
}

/** Contexts that follow their secrets, with Envoy's stats of that. */
export interface FollowedContexts<Contexts> {
  readonly followed: FollowedMaterial<Contexts>;
  /** Connections that came when a secret was missing. */
  readonly notReady: Counter;
}

/** Follows the slots' secrets; shows how often they came, and when their certificates expire. */
export function followContexts<Contexts extends MadeOfMaterial>(
  slots: MaterialSlots,
  build: (material: TlsMaterial) => Contexts,
  { secrets, scope, side }: Place,
): FollowedContexts<Contexts> {
  const factory = scope.scope(`${side}_ssl_socket_factory`);
  const updates = factory.counter("ssl_context_update_by_sds");
  const downstream = factory.counter("downstream_context_secrets_not_ready");
  const upstream = factory.counter("upstream_context_secrets_not_ready");
  const followed = secrets.follow(slots, {
    build,
    onUpdated: (contexts) => {
      if (!secrets.showsStats) return;
      updates.inc();
      if (contexts !== undefined) showExpiry(scope, contexts.material);
    },
  });
  if (secrets.showsStats) {
    updates.add(followed.arrivedSecrets);
    if (followed.current !== undefined) showExpiry(scope, followed.current.material);
  }
  return { followed, notReady: side === "server" ? downstream : upstream };
}

/** Envoy's names of what has none: behind them stands the digest of nothing. */
const unnamedCertificate = "unnamed_cert_e3b0c442";
const unnamedAuthority = "unnamed_ca_cert_e3b0c442";

/** `ssl.certificate.<name>.expiration_unix_time_seconds`; the first to expire of those that share a name. */
function showExpiry(scope: StatsScope, { certificates, validation }: TlsMaterial): void {
  const first = new Map<string, number>();
  const add = (name: string, expiresMs: number | undefined): void => {
    if (expiresMs !== undefined) first.set(name, Math.min(first.get(name) ?? Infinity, expiresMs));
  };
  for (const { origin } of certificates) {
    add(origin.secretName || unnamedCertificate, origin.expiresMs);
  }
  if (validation !== undefined) {
    const { secretName, expiresMs } = validation.origin;
    add(secretName || unnamedAuthority, expiresMs);
  }
  for (const [name, expiresMs] of first) {
    const gauge = scope.gauge(`ssl.certificate.${name}.expiration_unix_time_seconds`);
    gauge.set(Math.floor(expiresMs / 1000));
  }
}

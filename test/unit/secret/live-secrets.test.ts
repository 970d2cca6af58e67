import assert from "node:assert/strict";
import { test } from "node:test";
import type {
  CertificateConfig,
  MaterialSlots,
  SecretUpdate,
  TlsMaterial,
} from "../../../host/src/contracts/secret.ts";
import { LiveSecrets } from "../../../host/src/secret/live-secrets.ts";

const certificate = (chain: string): CertificateConfig => ({
  chain,
  key: "",
  password: undefined,
  keyType: "ec",
  names: [],
  origin: { secretName: "", path: "<inline>", expiresMs: undefined },
});
const update = (key: string, chain: string): SecretUpdate => ({
  key,
  material: { kind: "certificate", value: certificate(chain) },
});
const slots = (...certificates: MaterialSlots["certificates"][number][]): MaterialSlots => ({
  certificates,
  validation: undefined,
  ticketKeys: undefined,
});
const secret = (key: string) => ({ kind: "secret", key }) as const;
const chains = (material: TlsMaterial): string =>
  material.certificates.map((it) => it.chain).join();

function bring(secrets: LiveSecrets, ...updates: SecretUpdate[]): void {
  secrets.stage(updates).commit();
}

test("LiveSecrets.follow() builds at once what is written into the configuration", () => {
  const fixed = { kind: "fixed", value: certificate("a") } as const;
  const followed = new LiveSecrets(true).follow(slots(fixed), { build: chains });
  assert.equal(followed.current, "a");
  assert.equal(followed.arrivedSecrets, 0);
});

test("LiveSecrets.follow() gives nothing until every secret is there", () => {
  const secrets = new LiveSecrets(true);
  const followed = secrets.follow(slots(secret("x"), secret("y")), { build: chains });
  assert.equal(followed.current, undefined);
  bring(secrets, update("x", "a"));
  assert.equal(followed.current, undefined);
  bring(secrets, update("y", "b"));
  assert.equal(followed.current, "a,b");
  assert.equal(secrets.follow(slots(secret("x")), { build: chains }).arrivedSecrets, 1);
});

test("LiveSecrets.follow() begins with what stands in the slot until something comes", () => {
  const secrets = new LiveSecrets(true);
  const slot = { ...secret("x"), initial: certificate("first") };
  const followed = secrets.follow(slots(slot), { build: chains });
  assert.equal(followed.current, "first");
  bring(secrets, update("x", "second"));
  assert.equal(followed.current, "second");
});

test("LiveSecrets.stage() changes nothing before commit, and tells only whom it concerns", () => {
  const secrets = new LiveSecrets(true);
  const told: string[] = [];
  const follow = (key: string) =>
    secrets.follow(slots(secret(key)), { build: chains, onUpdated: () => told.push(key) });
  const x = follow("x");
  const y = follow("y");
  bring(secrets, update("x", "1"), update("y", "1"));
  const staged = secrets.stage([update("x", "2")]);
  assert.equal(x.current, "1");
  staged.commit();
  assert.equal(x.current, "2");
  assert.equal(y.current, "1");
  assert.deepEqual(told, ["x", "y", "x"]);
});

test("LiveSecrets.stage() throws what a user says, and leaves all as it was", () => {
  const secrets = new LiveSecrets(true);
  const followed = secrets.follow(slots(secret("x")), {
    build: (material) => {
      if (chains(material) === "bad") throw new Error("does not fit");
      return chains(material);
    },
  });
  bring(secrets, update("x", "good"));
  assert.throws(() => secrets.stage([update("x", "bad")]), /does not fit/);
  assert.equal(followed.current, "good");
  assert.equal(secrets.follow(slots(secret("x")), { build: chains }).current, "good");
});

test("who begins to follow while an update is staged has the new version, unless it is aborted", () => {
  const secrets = new LiveSecrets(true);
  bring(secrets, update("x", "old"));
  const staged = secrets.stage([update("x", "new")]);
  assert.equal(secrets.follow(slots(secret("x")), { build: chains }).current, "new");
  staged.abort();
  assert.equal(secrets.follow(slots(secret("x")), { build: chains }).current, "old");
});

test("what is closed is not built any more", () => {
  const secrets = new LiveSecrets(true);
  let built = 0;
  const followed = secrets.follow(slots(secret("x")), { build: () => (built += 1) });
  followed.close();
  bring(secrets, update("x", "a"));
  assert.equal(built, 0);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FromWorker, WorkerCommand, WorkerInit } from "../../../host/src/snapshot/messages.ts";
import type { StagedUpdate, WorkerRuntime } from "../../../host/src/worker/worker-runtime.ts";
import { WorkerShell } from "../../../host/src/worker/worker-shell.ts";
import { emptyUpdate } from "../../support/threads/pool.ts";

/** A shell around a runtime that notes what it is told. */
class TestShell {
  readonly calls: string[] = [];
  readonly sent: FromWorker[] = [];
  active = 0;
  /** Ends the staging that is under way. */
  finishStage: (() => void) | undefined;
  failStage: string | undefined;
  readonly #shell = new WorkerShell(
    () => this.#runtime(),
    (message) => this.sent.push(message),
  );
  #id = 0;

  #runtime(): WorkerRuntime {
    const { calls } = this;
    const activeNow = (): number => this.active;
    return {
      stage: (update) => this.#stage(update.snapshot, update.clusters.length),
      listen: (sockets) => void calls.push(`listen ${sockets.length}`),
      stopListening: () => void calls.push("stop"),
      drain: () => void calls.push("drain"),
      get active() {
        return activeNow();
      },
      close: async () => void calls.push("close"),
    };
  }

  async #stage(snapshot: number, clusters: number): Promise<StagedUpdate> {
    this.calls.push(`stage ${snapshot} with ${clusters}`);
    await new Promise<void>((resolve) => {
      this.finishStage = resolve;
      if (this.failStage !== undefined) resolve();
    });
    if (this.failStage !== undefined) throw new Error(this.failStage);
    return {
      commit: () => void this.calls.push(`commit ${snapshot}`),
      abort: () => void this.calls.push(`abort ${snapshot}`),
    };
  }

  /** Gives the reply: undefined when the command was carried out. */
  async tell(command: WorkerCommand): Promise<string | undefined> {
    const id = (this.#id += 1);
    await this.#shell.onMessage({ id, command });
    const reply = this.sent.find((message) => message.kind === "reply" && message.id === id);
    assert.ok(reply?.kind === "reply", "every command is answered");
    return reply.error;
  }

  async started(): Promise<this> {
    assert.equal(await this.tell({ kind: "init", init: {} as WorkerInit }), undefined);
    return this;
  }

  stage(snapshot: number): Promise<string | undefined> {
    return this.tell({ kind: "stage", part: emptyUpdate(snapshot), last: true });
  }
}

test("WorkerShell stages, commits and stages again", async () => {
  const shell = await new TestShell().started();
  for (const snapshot of [1, 2]) {
    const staged = shell.stage(snapshot);
    shell.finishStage!();
    assert.equal(await staged, undefined);
    assert.equal(await shell.tell({ kind: "commit" }), undefined);
  }
  assert.deepEqual(shell.calls, ["stage 1 with 0", "commit 1", "stage 2 with 0", "commit 2"]);
});

test("WorkerShell commits before it returns to the event loop", async () => {
  const shell = await new TestShell().started();
  const staged = shell.stage(1);
  shell.finishStage!();
  await staged;
  void shell.tell({ kind: "commit" });
  assert.equal(shell.calls.at(-1), "commit 1");
});

test("WorkerShell puts the parts of an update together", async () => {
  const shell = await new TestShell().started();
  const part = emptyUpdate(1, [], [{ name: "c" } as never]);
  assert.equal(await shell.tell({ kind: "stage", part, last: false }), undefined);
  const staged = shell.tell({ kind: "stage", part, last: true });
  shell.finishStage!();
  await staged;
  assert.deepEqual(shell.calls, ["stage 1 with 2"]);
});

test("WorkerShell aborts what is staged", async () => {
  const shell = await new TestShell().started();
  const staged = shell.stage(1);
  shell.finishStage!();
  await staged;
  assert.equal(await shell.tell({ kind: "abort" }), undefined);
  assert.deepEqual(shell.calls, ["stage 1 with 0", "abort 1"]);
  assert.equal(await shell.tell({ kind: "commit" }), "nothing is staged");
});

test("WorkerShell answers an abort only when nothing of the update is left", async () => {
  const shell = await new TestShell().started();
  const staged = shell.stage(1);
  const aborted = shell.tell({ kind: "abort" });
  await Promise.resolve();
  assert.equal(shell.sent.length, 1, "only the answer to init so far");
  shell.finishStage!();
  await Promise.all([staged, aborted]);
  assert.deepEqual(shell.calls, ["stage 1 with 0", "abort 1"]);
  const again = shell.stage(2);
  shell.finishStage!();
  assert.equal(await again, undefined);
});

test("WorkerShell reports why an update cannot be staged, and takes the next", async () => {
  const shell = await new TestShell().started();
  shell.failStage = "no such guest";
  assert.equal(await shell.stage(1), "no such guest");
  assert.equal(await shell.tell({ kind: "abort" }), undefined);
  shell.failStage = undefined;
  const staged = shell.stage(2);
  shell.finishStage!();
  assert.equal(await staged, undefined);
});

test("WorkerShell passes on the rest and refuses it without a runtime", async () => {
  const shell = new TestShell();
  assert.equal(await shell.tell({ kind: "listen", sockets: [] }), "the worker has no runtime yet");
  await shell.started();
  await shell.tell({ kind: "listen", sockets: [] });
  await shell.tell({ kind: "stop_listening" });
  await shell.tell({ kind: "close" });
  assert.deepEqual(shell.calls, ["listen 0", "stop", "close"]);
});

test("WorkerShell tells when the last stream has ended", async () => {
  const shell = await new TestShell().started();
  shell.active = 1;
  await shell.tell({ kind: "drain" });
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(shell.sent.at(-1)?.kind, "reply", "not while one is open");
  shell.active = 0;
  while (shell.sent.at(-1)?.kind !== "drained") await new Promise((r) => setTimeout(r, 1));
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { hostcalls, type HostcallName, pairsByteLength, writePairs } from "@sluice/abi";
import { OwnedBuffer } from "../../host/src/common/data-buffer.ts";
import { headerMapOf } from "../../host/src/common/headers/header-map.ts";
import type { RequestHeaderMap } from "../../host/src/contracts/headers.ts";
import type { Context } from "../../host/src/guest/wasm/proxy-wasm/context.ts";
import { enumMaxOf, hostcallRoles, type Role, widthOf } from "../support/hostcall-roles.ts";
import { GuestCalls } from "../support/wasm-calls.ts";
import { callNames, dispatch, dispatchingGuest, memoryBytes } from "../support/wasm-dispatcher.ts";
import { pluginSettings, WasmHost } from "../support/wasm.ts";
import { guest } from "../support/wasm-guest.ts";
import { wat } from "../support/wat.ts";

// Every host call of the ABI's table, made by a guest: rightly, with pointers outside of its memory, with numbers that
// no enum has, where there is no stream to act on, and where host calls are restricted. It may do nothing but answer.

const ok = 0;
const notFound = 1;
const badArgument = 2;
const invalidMemory = 6;
const versions = ["0.2.1", "0.1.0"] as const;

/** Where texts lie that the guest hands over, and where results go. */
const texts = 640;
const results = 3072;

function pairs(...entries: readonly (readonly [string, string])[]): string {
  const source = {
    size: entries.length,
    nameAt: (i: number) => entries[i]![0],
    valueAt: (i: number) => entries[i]![1],
  };
  const bytes = Buffer.alloc(pairsByteLength(source));
  writePairs(source, bytes, 0);
  return bytes.toString("latin1");
}

const request = pairs([":method", "GET"], [":path", "/"], [":authority", "a"]);
const metricId = 4;

/** What a call that succeeds is given, role by role; texts for `in`. 0 and `x-a` where nothing is said. */
const given: Partial<Record<HostcallName, readonly (string | number)[]>> = {
  proxy_log: [2, "text"],
  proxy_get_property: ["plugin_name"],
  proxy_set_header_map_pairs: [0, pairs(["x-a", "1"])],
  proxy_send_local_response: [200, "details", "body", pairs(["x-a", "1"])],
  proxy_http_call: ["known", request, "", "", 1000],
  proxy_grpc_call: ["known", "test.Echo", "echo", "", "message", 1000],
  proxy_grpc_stream: ["known", "test.Echo", "echo", ""],
  proxy_define_metric: [0, "metric"],
  proxy_increment_metric: [metricId, 1],
  proxy_record_metric: [metricId, 1],
  proxy_get_metric: [metricId],
  proxy_resolve_shared_queue: ["", "x-a"],
  proxy_enqueue_shared_queue: [1, "item"],
  proxy_dequeue_shared_queue: [1],
  proxy_call_foreign_function: ["compress", "text"],
};

/** Answers of calls that are made rightly and have nothing to do here. */
const otherAnswers: Partial<Record<HostcallName, number>> = {
  proxy_done: notFound,
  proxy_grpc_send: badArgument,
  proxy_grpc_cancel: badArgument,
  proxy_grpc_close: badArgument,
  sluice_want_first_bytes: notFound,
  sluice_take_first_bytes: notFound,
  sluice_tcp_connect: notFound,
  sluice_tcp_write: notFound,
  sluice_tcp_close: notFound,
};

class Calls {
  readonly calls: GuestCalls;

  private constructor(calls: GuestCalls) {
    this.calls = calls;
  }

  /** In a VM with a metric, a value of shared data and a queue with items. */
  static async create(version: (typeof versions)[number]): Promise<Calls> {
    const code = await dispatchingGuest(version);
    const made = new Calls(await GuestCalls.create(undefined, version, undefined, code));
    made.rightly("proxy_define_metric");
    made.rightly("proxy_set_shared_data");
    made.rightly("proxy_register_shared_queue");
    return made;
  }

  /** The arguments of a call that is right, and where those of each role begin. */
  arguments(name: HostcallName): { values: number[]; begins: number[] } {
    const values: number[] = [];
    const begins: number[] = [];
    let text = texts;
    hostcallRoles[name].forEach((role, i) => {
      begins.push(values.length);
      const value = given[name]?.[i];
      if (role === "in") {
        const content = typeof value === "string" ? value : "x-a";
        this.calls.vm.memory.writeLatin1(text, content);
        values.push(text, content.length);
        text += 256;
      } else if (role === "out") values.push(results, results + 8);
      else if (role.startsWith("out") || role === "maybe32") values.push(results + 16);
      else if (name === "proxy_set_effective_context") values.push(this.calls.context.id);
      else values.push(Number(value ?? 0));
    });
    return { values, begins };
  }

  /** Makes a call in a stream whose request headers and body are there. */
  make(name: HostcallName, values: readonly number[], as: Context = this.calls.context): number {
    const { context, root } = this.calls;
    const headers = headerMapOf([
      [":path", "/"],
      ["x-a", "1"],
    ]);
    context.requestHeaders = headers as RequestHeaderMap;
    context.requestBody = OwnedBuffer.latin1("body");
    const status = dispatch(root, as, name, values);
    assert.notEqual(status, undefined, `${name} has ended the VM: ${root.vm.failure}`);
    return status!;
  }

  rightly(name: HostcallName, as?: Context): number {
    return this.make(name, this.arguments(name).values, as);
  }

  /** A right call but for what `wrong` puts in place of role `i`. */
  wrongly(name: HostcallName, i: number, wrong: readonly number[]): number {
    const { values, begins } = this.arguments(name);
    values.splice(begins[i]!, wrong.length, ...wrong);
    return this.make(name, values);
  }
}

const outside = [
  [memoryBytes - 1, 2],
  [memoryBytes, 1],
  [0xffff_ffff, 1],
  [texts, 0xffff_ffff],
  [0xffff_ffff, 0xffff_ffff],
  [0x8000_0000, 0x8000_0000],
];

const places = [memoryBytes - 1, memoryBytes, 0xffff_ffff, 0x8000_0000];

/** What may stand for a role that must not. */
function wrongPointers(role: Role): number[][] {
  if (role === "in") return outside;
  if (role !== "out") return places.map((at) => [at]);
  return places.flatMap((at) => [
    [at, results],
    [results, at],
  ]);
}

for (const version of versions) {
  test(`every host call of ${version} has the roles that the table has parameters for`, () => {
    for (const name of callNames(version)) {
      const width = hostcallRoles[name].reduce((sum, role) => sum + widthOf(role), 0);
      assert.equal(width, hostcalls[name].params.length, name);
    }
  });

  test(`every host call of ${version} succeeds when it is made rightly`, async () => {
    const made = await Calls.create(version);
    for (const name of callNames(version)) {
      // What one takes another has put there.
      if (name === "proxy_dequeue_shared_queue") made.rightly("proxy_enqueue_shared_queue");
      assert.equal(made.rightly(name), otherAnswers[name] ?? ok, name);
    }
  });

  test(`every host call of ${version} answers InvalidMemoryAccess to pointers outside of memory`, async () => {
    const made = await Calls.create(version);
    for (const name of callNames(version)) {
      for (const [i, role] of hostcallRoles[name].entries()) {
        if (!/^(in|out|out32|out64|maybe32)$/.test(role)) continue;
        for (const wrong of wrongPointers(role)) {
          if (name === "proxy_dequeue_shared_queue") made.rightly("proxy_enqueue_shared_queue");
          const status = made.wrongly(name, i, wrong);
          assert.equal(status, invalidMemory, `${name}, parameter ${i}: ${wrong.join()}`);
        }
      }
    }
  });

  test(`every host call of ${version} answers BadArgument to numbers that no enum has`, async () => {
    const made = await Calls.create(version);
    for (const name of callNames(version)) {
      for (const [i, role] of hostcallRoles[name].entries()) {
        const max = enumMaxOf(role);
        if (max === undefined) continue;
        for (const wrong of [max + 1, 255, 0x7fff_ffff, 0xffff_ffff]) {
          assert.equal(made.wrongly(name, i, [wrong]), badArgument, `${name}: ${wrong}`);
        }
      }
    }
  });

  test(`no host call of ${version} answers unknown ids, sizes and offsets with success or a trap`, async () => {
    const made = await Calls.create(version);
    for (const name of callNames(version)) {
      for (const [i, role] of hostcallRoles[name].entries()) {
        if (role !== "id" && role !== "value") continue;
        for (const wrong of [0x7fff_fffc, 0xffff_fffc, 0xffff_ffff]) {
          const status = made.wrongly(name, i, [wrong]);
          if (role === "id") assert.notEqual(status, ok, `${name}: ${wrong}`);
        }
      }
    }
  });

  test(`host calls of ${version} for a stream answer where there is none`, async () => {
    const made = await Calls.create(version);
    const { root } = made.calls;
    for (const name of callNames(version)) {
      const status = made.rightly(name, root);
      const expected = withoutStream(name);
      if (expected !== undefined) assert.equal(status, expected, name);
    }
    assert.equal(root.vm.failure, undefined);
  });

  test(`host calls of ${version} that start functions must not make end the VM, and say so`, async () => {
    for (const name of callNames(version)) {
      const error = await new WasmHost().prepare(
        await guest(`(func (export "_initialize") ${callOf(name)})`, { version }),
      );
      if (allowedAtStart.has(name)) assert.notEqual(typeof error, "string", name);
      else {
        assert.match(error as string, restricted(name, "in a start function"));
      }
    }
  });
}

test("host calls that must not be made while memory is allocated end the VM, and say so", async () => {
  const settings = pluginSettings({ vm: { configuration: Buffer.from("text") } });
  for (const name of callNames("0.2.1")) {
    const { root } = await new WasmHost().load(await callingWhileAllocating(name), settings);
    root.vm.call1(root, root.vm.exports.onTick!, root.id);
    if (allowedAtStart.has(name)) assert.equal(root.vm.failure, undefined, name);
    else assert.match(root.vm.failure ?? "", restricted(name, "while allocating"));
  }
});

/** Its `malloc` makes the host call; `proxy_on_tick` reads the VM's configuration, which needs memory. */
function callingWhileAllocating(name: HostcallName): Promise<Uint8Array> {
  const imported = [...new Set([name, "proxy_get_buffer_bytes" as const])].map(
    (each) =>
      `(import "env" "${each}" (func $${each} (param ${hostcalls[each].params.join(" ")}) (result i32)))`,
  );
  return wat(`(module ${imported.join("\n")}
    (memory (export "memory") 1)
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "malloc") (param i32) (result i32) ${callOf(name)} (i32.const 1024))
    (func (export "proxy_on_tick") (param i32) (drop (call $proxy_get_buffer_bytes
      (i32.const 6) (i32.const 0) (i32.const 9) (i32.const 64) (i32.const 68)))))`);
}

function callOf(name: HostcallName): string {
  const zeros = hostcalls[name].params.map((type) => `(${type}.const 0)`);
  return `(drop (call $${name} ${zeros.join(" ")}))`;
}

function restricted(name: string, when: string): RegExp {
  return new RegExp(`restricted_callback: ${name} must not be called ${when}`);
}

const allowedAtStart: ReadonlySet<string> = new Set(["proxy_log"]);

/** What a root context answers, where that differs from a stream. */
function withoutStream(name: HostcallName): number | undefined {
  if (name === "proxy_get_header_map_pairs") return ok;
  if (hostcalls[name].group === "headers") return badArgument;
  return { proxy_set_property: notFound, proxy_send_local_response: ok }[name as string];
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { abiVersions, wasiFunctions, type WasiName, wasiModules } from "@sluice/abi";
import { vmImports } from "../../host/src/guest/wasm/proxy-wasm/imports.ts";
import { pluginSettings, WasmHost } from "../support/wasm.ts";
import { GuestCalls } from "../support/wasm-calls.ts";
import { wat } from "../support/wat.ts";

// The part of WASI preview 1 that Envoy offers, function by function, and what modules are loaded and refused.

const badf = 8;
const notdir = 20;
const fault = 21;
const inval = 28;
const noent = 44;
const nosys = 52;
const notsup = 58;

const outside = 0x7fff_0000;
const l = 0n;

/** Arguments and errno. Memory at 64 is free. */
const cases: {
  readonly [name in WasiName]: readonly (readonly [number, ...(number | bigint)[]])[];
} = {
  args_get: [[0, 64, 64]],
  args_sizes_get: [
    [0, 64, 68],
    [fault, outside, 64],
  ],
  environ_get: [[0, 64, 128]],
  environ_sizes_get: [
    [0, 64, 68],
    [fault, 64, outside],
  ],
  clock_res_get: [
    [0, 0, 64],
    [0, 1, 64],
    [notsup, 2, 64],
  ],
  clock_time_get: [
    [0, 0, l, 64],
    [0, 1, l, 64],
    [notsup, 2, l, 64],
    [fault, 0, l, outside],
  ],
  fd_advise: [[0, 1, l, l, 0]],
  fd_allocate: [
    [0, 1, l, l],
    [badf, 3, l, l],
  ],
  fd_close: [[0, 1]],
  fd_datasync: [
    [0, 2],
    [badf, 0],
  ],
  fd_fdstat_get: [
    [0, 1, 64],
    [badf, 0, 64],
    [fault, 1, outside],
  ],
  fd_fdstat_set_flags: [[nosys, 1, 0]],
  fd_fdstat_set_rights: [
    [0, 1, l, l],
    [badf, 3, l, l],
  ],
  fd_filestat_get: [[badf, 1, 64]],
  fd_filestat_set_size: [
    [0, 1, l],
    [badf, 0, l],
  ],
  fd_filestat_set_times: [
    [0, 1, l, l, 0],
    [badf, 0, l, l, 0],
  ],
  fd_pread: [[nosys, 0, 64, 1, l, 68]],
  fd_prestat_dir_name: [[nosys, 3, 64, 1]],
  fd_prestat_get: [[badf, 3, 64]],
  fd_pwrite: [
    [0, 1, 64, 0, l, 68],
    [badf, 3, 64, 0, l, 68],
  ],
  fd_read: [[nosys, 0, 64, 1, 68]],
  fd_readdir: [[notdir, 3, 64, 1, l, 68]],
  fd_renumber: [
    [notsup, 1, 2],
    [badf, 1, 3],
  ],
  fd_seek: [[0, 1, l, 0, 64]],
  fd_sync: [
    [0, 1],
    [badf, 0],
  ],
  fd_tell: [
    [0, 1, 64],
    [badf, 0, 64],
  ],
  fd_write: [
    [0, 1, 64, 0, 68],
    [badf, 0, 64, 0, 68],
    [fault, 1, outside, 1, 68],
    [inval, 1, 64, 1025, 68],
  ],
  path_create_directory: [[notsup, 3, 64, 1]],
  path_filestat_get: [[notsup, 3, 0, 64, 1, 68]],
  path_filestat_set_times: [[notsup, 3, 0, 64, 1, l, l, 0]],
  path_link: [[notsup, 3, 0, 64, 1, 3, 64, 1]],
  path_open: [[noent, 3, 0, 64, 1, 0, l, l, 0, 68]],
  path_readlink: [[notsup, 3, 64, 1, 64, 1, 68]],
  path_remove_directory: [[notsup, 3, 64, 1]],
  path_rename: [[notsup, 3, 64, 1, 3, 64, 1]],
  path_symlink: [[notsup, 64, 1, 3, 64, 1]],
  path_unlink_file: [[notsup, 3, 64, 1]],
  poll_oneoff: [[0, 64, 64, 1, 68]],
  proc_exit: [],
  random_get: [
    [0, 64, 8],
    [0, outside, 0],
    [inval, 64, 65_537],
  ],
  sched_yield: [[0]],
  sock_accept: [[notsup, 3, 0, 64]],
  sock_recv: [[notsup, 3, 64, 1, 0, 68, 72]],
  sock_send: [[notsup, 3, 64, 1, 0, 68]],
  sock_shutdown: [[notsup, 3, 0]],
};

test("every WASI function answers as in Envoy, under both module names", async () => {
  const calls = await GuestCalls.create(pluginSettings({ vm: { environment: [["A", "b"]] } }));
  const imports = vmImports(calls.vm);
  for (const module of wasiModules) {
    const functions = imports[module] as Record<string, (...args: (number | bigint)[]) => number>;
    assert.deepEqual(Object.keys(functions).sort(), Object.keys(wasiFunctions).sort());
    for (const [name, list] of Object.entries(cases)) {
      for (const [errno, ...args] of list) {
        const text = `${module}.${name}(${args.join(", ")})`;
        assert.equal(args.length, wasiFunctions[name as WasiName].params.length, text);
        calls.inside(() => assert.equal(functions[name]!(...args), errno, text));
      }
    }
  }
});

test("WASI zeroes what it leaves out: sizes of arguments, positions, events", async () => {
  const calls = await GuestCalls.create();
  const { memory } = calls.vm;
  const zeroes = (name: string, args: (number | bigint)[], at: number): void => {
    memory.setU32(at, 0xdead);
    calls.call(name, ...args);
    assert.equal(memory.u32(at), 0, name);
  };
  calls.inside(() => {
    zeroes("args_sizes_get", [64, 68], 68);
    zeroes("fd_tell", [1, 64], 64);
    zeroes("fd_readdir", [3, 64, 1, 0n, 72], 72);
    zeroes("poll_oneoff", [64, 64, 1, 72], 72);
    zeroes("sock_send", [3, 64, 1, 0, 72], 72);
  });
});

const malloc = `(func (export "malloc") (param i32) (result i32) (i32.const 0))`;
const marker = (version: string): string =>
  `(func (export "proxy_abi_version_${version.replaceAll(".", "_")}"))`;
const memory = `(memory (export "memory") 1)`;

/** Modules as Envoy 1.40 takes and refuses them: parts, and what is said of a refused one. */
const modules: readonly (readonly [what: string, parts: string, said?: RegExp])[] = [
  ["two ABI markers", marker("0.2.1") + marker("0.1.0") + malloc + memory],
  ["no memory", marker("0.2.1") + malloc],
  [
    "_start beside _initialize",
    `${marker("0.2.1") + malloc + memory}
    (func (export "_initialize")) (func (export "_start") unreachable)`,
  ],
  [
    "a memory of 20,000 pages",
    `${marker("0.2.1") + malloc} (memory (export "memory") 20000)`,
    /memory/,
  ],
  [
    "the wrong arity of a callback",
    `${marker("0.2.1") + malloc + memory} (func (export "proxy_on_request_headers") (param i32 i32) (result i32) i32.const 0)`,
    /Bad function signature for: proxy_on_request_headers, want: i32 i32 i32 -> i32, but the module exports: i32 i32 -> i32/,
  ],
  [
    "three parameters of a headers callback in 0.1.0",
    `${marker("0.1.0") + malloc + memory} (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) i32.const 0)`,
    /Bad function signature for: proxy_on_request_headers, want: i32 i32 -> i32/,
  ],
  ["no allocator", marker("0.2.1") + memory, /Wasm module is missing malloc function\./],
  ["no ABI marker", malloc + memory, /Missing or unknown Proxy-Wasm ABI version/],
];

for (const [what, parts, said] of modules) {
  test(`a module with ${what} is ${said === undefined ? "taken" : "refused"}`, async () => {
    const prepared = await new WasmHost().prepare(await wat(`(module ${parts})`));
    if (said === undefined) assert.ok(typeof prepared !== "string", "taken");
    else assert.match(prepared as string, said);
  });
}

test("a module of each version is taken", async () => {
  for (const version of abiVersions) {
    const prepared = await new WasmHost().prepare(
      await wat(`(module ${marker(version)} ${malloc} ${memory})`),
    );
    assert.ok(typeof prepared !== "string", version);
    assert.equal(prepared.module.abiVersion, version);
  }
});

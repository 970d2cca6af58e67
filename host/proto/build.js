// Builds the protobuf descriptors and the TypeScript types of the configuration model:
//   proto/sluice.binpb              descriptors, read at start-up
//   src/config/gen/**/*_pb.d.ts     types of the messages, for the type checker only
// from Envoy's protos (npm package @grpc/grpc-js-xds), the fields in overlay/ that this copy lacks, and
// our own messages in sluice/. Plain JavaScript for Node 20 or later: `npm ci` runs it.
//
//   node proto/build.js [--force]

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { importedPaths, mergeProto } from "./merge.js";
import { roots } from "./roots.js";

const here = path.dirname(fileURLToPath(import.meta.url));
const host = path.dirname(here);
const image = path.join(here, "sluice.binpb");
const types = path.join(host, "src/config/gen");
const work = path.join(host, ".cache/protos");
const stampFile = path.join(work, "stamp");
const require = createRequire(import.meta.url);

const tools = ["@bufbuild/buf", "@bufbuild/protoc-gen-es", "@grpc/grpc-js-xds"];

function packageFolder(name) {
  for (let folder = host; ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, "node_modules", name);
    if (fs.existsSync(path.join(candidate, "package.json"))) return candidate;
    if (folder === path.dirname(folder)) break;
  }
  throw new Error(
    `the package ${name} is not installed; run "npm ci" without --omit=dev: it is needed to build the descriptors`,
  );
}

function protoFiles(folder) {
  return fs
    .readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".proto"))
    .map((name) => name.split(path.sep).join("/"))
    .sort();
}

/** What the outputs depend on; equal text means that there is nothing to do. */
function stamp() {
  const hash = createHash("sha256");
  for (const name of tools) {
    hash.update(name + require(path.join(packageFolder(name), "package.json")).version);
  }
  const own = ["build.js", "merge.js", "roots.js", ...protoFiles(here)];
  for (const name of own) hash.update(name).update(fs.readFileSync(path.join(here, name)));
  return hash.digest("hex");
}

/** Copies the roots and all that they import into the staging folder, merged with the overlay. */
function stage(folder) {
  const deps = path.join(packageFolder("@grpc/grpc-js-xds"), "deps");
  const sources = ["envoy-api", "googleapis", "xds", "protoc-gen-validate"].map((name) =>
    path.join(deps, name),
  );
  sources.push(here);
  const overlay = path.join(here, "overlay");
  const read = (base, name) => {
    const file = path.join(base, name);
    return fs.existsSync(file) ? fs.readFileSync(file, "utf8") : undefined;
  };
  const queue = [
    ...roots,
    ...protoFiles(path.join(here, "sluice")).map((name) => `sluice/${name}`),
  ];
  const seen = new Set(queue);
  for (const name of queue) {
    const base = sources.map((source) => read(source, name)).find((text) => text !== undefined);
    const added = read(overlay, name);
    if (base === undefined && added === undefined) throw new Error(`no such proto: ${name}`);
    const text = base && added ? mergeProto(base, added) : (base ?? added);
    const target = path.join(folder, name);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, text);
    for (const imported of importedPaths(text)) {
      if (imported.startsWith("google/protobuf/") || seen.has(imported)) continue;
      seen.add(imported);
      queue.push(imported);
    }
  }
  const unused = protoFiles(overlay).filter((name) => !seen.has(name));
  if (unused.length > 0) throw new Error(`overlay files that nothing imports: ${unused}`);
}

function buf(args) {
  const command = path.join(packageFolder("@bufbuild/buf"), "../../.bin/buf");
  const env = { ...process.env, BUF_CACHE_DIR: path.join(work, "buf-cache") };
  execFileSync(command, args, { cwd: work, env, stdio: ["ignore", "inherit", "inherit"] });
}

function generate() {
  const plugin = path.join(packageFolder("@bufbuild/protoc-gen-es"), "bin/protoc-gen-es");
  const template = {
    version: "v2",
    plugins: [
      {
        local: [process.execPath, plugin],
        out: path.join(work, "gen"),
        strategy: "all",
        opt: ["target=dts", "import_extension=js"],
      },
    ],
  };
  fs.writeFileSync(path.join(work, "buf.gen.yaml"), JSON.stringify(template));
  buf(["generate", "stage", "--template", "buf.gen.yaml"]);
}

/** Swaps a built file or folder in, so that a reader never sees half of it. */
function install(built, target) {
  const old = `${built}.old`;
  if (fs.existsSync(target)) fs.renameSync(target, old);
  fs.renameSync(built, target);
  fs.rmSync(old, { recursive: true, force: true });
}

function main() {
  const wanted = stamp();
  const current = fs.existsSync(stampFile) ? fs.readFileSync(stampFile, "utf8") : "";
  const present = fs.existsSync(image) && fs.existsSync(types);
  if (current === wanted && present && !process.argv.includes("--force")) return;

  fs.rmSync(work, { recursive: true, force: true });
  stage(path.join(work, "stage"));
  const module = { version: "v2", modules: [{ path: "stage" }] };
  fs.writeFileSync(path.join(work, "buf.yaml"), JSON.stringify(module));
  const built = path.join(work, "sluice.binpb");
  buf(["build", "stage", "--as-file-descriptor-set", "--exclude-source-info", "-o", built]);
  generate();
  fs.mkdirSync(path.dirname(types), { recursive: true });
  install(built, image);
  install(path.join(work, "gen"), types);
  fs.writeFileSync(stampFile, wanted);
}

try {
  main();
} catch (error) {
  process.stderr.write(`build:protos: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

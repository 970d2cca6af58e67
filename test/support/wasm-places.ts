import { writeFileSync } from "node:fs";
import path from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import { assemblyScript } from "./assemblyscript.ts";
import { typeUrl, wasmConfig } from "./proxy-config.ts";
import type { SluiceProcess } from "./sluice-process.ts";

/** Compiles the guest that runs in every place (`fixtures/wasm/assembly/places.ts`) into `folder`. */
export async function placesModule(folder: string): Promise<string> {
  return compiledInto(folder, "places");
}

/** Compiles `fixtures/wasm/assembly/<name>.ts` into `folder`. */
export async function compiledInto(folder: string, name: string): Promise<string> {
  const file = path.join(folder, `${name}.wasm`);
  writeFileSync(file, await assemblyScript(`test/fixtures/wasm/assembly/${name}.ts`));
  return file;
}

/** `PluginConfig` of a plugin of that guest; each has a VM of its own. */
export function placesPlugin(
  file: string,
  name: string,
  commands: readonly string[],
  more: JsonObject = {},
): JsonObject {
  const options = { name, configuration: commands.join("\n"), vm: { vm_id: name }, plugin: more };
  return wasmConfig(file, options)["config"] as JsonObject;
}

/** `typed_config` of `messageName` whose plugin stands in `config`. */
export function placesConfig(
  messageName: string,
  plugin: JsonObject,
  more: JsonObject = {},
): JsonObject {
  return { "@type": typeUrl(messageName), config: plugin, ...more };
}

/** What guests have logged so far: `<plugin>: <text>`, in the order of the log. */
export function guestLines(proxy: SluiceProcess, plugin: string): string[] {
  const found: string[] = [];
  for (const line of proxy.lines) {
    const match = /wasm log (\S+)(?: \S+)?: (.*)$/.exec(line);
    if (match !== null && match[1] === plugin) found.push(match[2]!);
  }
  return found;
}

/** Waits until the guest has logged a line that begins so. */
export async function untilGuestSays(
  proxy: SluiceProcess,
  plugin: string,
  start: string,
  count = 1,
): Promise<string[]> {
  const said = (): string[] => guestLines(proxy, plugin).filter((line) => line.startsWith(start));
  await proxy.until(() => said().length >= count, `"${start}" of ${plugin}`);
  return said();
}

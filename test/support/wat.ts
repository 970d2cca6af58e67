import wabtFactory from "wabt";

type Wabt = Awaited<ReturnType<typeof wabtFactory>>;
let loaded: Wabt | undefined;

/** Compiles WebAssembly text. `features` are wabt's names, e.g. `{ exceptions: true }`. */
export async function wat(
  text: string,
  features: { readonly [name: string]: boolean } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  loaded ??= await wabtFactory();
  const module = loaded.parseWat("module.wat", text, features);
  try {
    return Uint8Array.from(module.toBinary({ write_debug_names: true }).buffer);
  } finally {
    module.destroy();
  }
}

import type { GuestMemoryType } from "./module-writer.ts";
import { hostModule } from "./rewriter.ts";

/** The parts of a rewritten module that an instance needs: plain data that can be posted to a worker. */
export interface LimitedModule {
  readonly module: WebAssembly.Module;
  readonly memory: GuestMemoryType | undefined;
}

/** An instance and its memory (undefined when the module has none). */
export interface LimitedInstance {
  readonly instance: WebAssembly.Instance;
  readonly memory: WebAssembly.Memory | undefined;
}

/**
 * Instantiates a rewritten module with a memory of its own. A start section runs in here, so call it between
 * `GuestBudget.enter` and `leave`; `onMemory` is told of the memory before that. Throws what the engine throws.
 */
export function instantiateLimited(
  limited: LimitedModule,
  imports: WebAssembly.Imports,
  epoch: WebAssembly.Memory,
  onMemory: (memory: WebAssembly.Memory) => void = () => {},
): LimitedInstance {
  const host: WebAssembly.ModuleImports = { epoch };
  const all: WebAssembly.Imports = { ...imports, [hostModule]: host };
  const type = limited.memory;
  let memory: WebAssembly.Memory | undefined;
  if (type !== undefined) {
    memory = new WebAssembly.Memory({ initial: type.initial, maximum: type.maximum });
    onMemory(memory);
    if (type.module === hostModule) host[type.name] = memory;
    else all[type.module] = { ...all[type.module], [type.name]: memory };
  }
  return { instance: new WebAssembly.Instance(limited.module, all), memory };
}

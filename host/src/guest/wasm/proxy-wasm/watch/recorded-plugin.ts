import type { RecordedPlugin } from "../../../watch/recording.ts";
import type { Context } from "../context.ts";

/** The plugin of a context, as recordings have it. */
export function recordedPlugin(context: Context): RecordedPlugin {
  const plugin = context.root?.plugin ?? context.vm.plugin;
  const { settings, module } = plugin;
  const { vm } = settings;
  return {
    name: settings.name,
    rootId: settings.rootId,
    vmId: vm.vmId,
    sha256: module.sha256,
    file: settings.codeFile,
    configuration: latin1(settings.configuration),
    vmConfiguration: latin1(vm.configuration),
    environment: vm.environment,
    allowedCapabilities: vm.allowedCapabilities,
  };
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).latin1Slice();
}

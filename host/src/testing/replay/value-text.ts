import type { RecordedHostCall, RecordedValue } from "../../guest/watch/recording.ts";
import { quoted } from "../../guest/watch/trace-text.ts";
import {
  enumNames,
  hostcallShapes,
  statusNames,
} from "../../guest/wasm/proxy-wasm/watch/call-shapes.ts";
import type { HostcallName } from "@sluice/abi";

const textMax = 200;

/** A host call with what it was given, as `sluice trace` prints it. */
export function callText({ name, inputs }: Pick<RecordedHostCall, "name" | "inputs">): string {
  const shapes = (hostcallShapes[name as HostcallName] ?? []).filter(
    (shape) => !shape.startsWith(">"),
  );
  const parts = inputs.map((value, i) => {
    const names = enumNames[shapes[i] ?? "number"];
    return typeof value === "number" ? (names?.[value] ?? String(value)) : valueText(value);
  });
  return `${name}(${parts.join(", ")})`;
}

/** What a host call gave. */
export function resultText({ status, outputs }: RecordedHostCall): string {
  return [statusNames[status] ?? String(status), ...outputs.map(valueText)].join(", ");
}

function valueText(value: RecordedValue): string {
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return quoted(value.replaceAll("\0", "."), textMax);
  return `{${value.map(([name, each]) => `${quoted(name, textMax)}: ${quoted(each, textMax)}`).join(", ")}}`;
}

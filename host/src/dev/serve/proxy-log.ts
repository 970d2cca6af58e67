/** What a line of the proxy's log means to the author of a filter. */
export type LogEvent =
  | { readonly kind: "live"; readonly filter: string; readonly version: number }
  /** `reason` without the place in the file that the filter was pushed by. */
  | { readonly kind: "refused"; readonly resource: string; readonly reason: string }
  /** What guests log, and what is wrong. */
  | { readonly kind: "shown"; readonly text: string }
  /** Belongs to the line before. */
  | { readonly kind: "more"; readonly text: string }
  | { readonly kind: "other" };

const linePattern = /^\[[^\]]*\]\[\d+\]\[(\w+)\]\[([\w.]+)\] (.*)$/;
const guestComponents: ReadonlySet<string> = new Set(["wasm", "lua"]);
const badLevels: ReadonlySet<string> = new Set(["warning", "error", "critical"]);
const livePattern = /^extension config '(.*)': version "(\d+)" is in force$/;
/** In a running proxy, or when it starts. */
const refusedPattern =
  /^(?:extension config '.*?' (?:rejected|failure): )?(\/.*?\.json):\d+:\d+: (.*)$/;

/** Reads one line. */
export function logEvent(line: string): LogEvent {
  const [, level, component, text = ""] = linePattern.exec(line) ?? [];
  if (level === undefined || component === undefined) return { kind: "more", text: line };
  const live = livePattern.exec(text);
  if (live !== null) return { kind: "live", filter: live[1]!, version: Number(live[2]) };
  const refused = refusedPattern.exec(text);
  if (refused !== null) {
    return { kind: "refused", resource: refused[1]!, reason: reasonOf(refused[2]!) };
  }
  if (!guestComponents.has(component) && !badLevels.has(level)) return { kind: "other" };
  // One hook is enough.
  if (/^envoy_on_\w+\(\) function not found\./.test(text)) return { kind: "other" };
  const shown = guestComponents.has(component) ? text : `${component}: ${text}`;
  return { kind: "shown", text: `${level}: ${shown}` };
}

/** Without the path in the configuration, which the author has not written. */
function reasonOf(text: string): string {
  return text.replace(/^(?:static_)?resources[\w.[\]"@]*: /, "");
}

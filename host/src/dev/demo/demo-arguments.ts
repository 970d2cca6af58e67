import type { Result } from "../../contracts/result.ts";

/** What `sluice start` is told. */
export interface DemoArguments {
  readonly proxyPort: number;
  readonly adminPort: number;
  /** For the proxy. */
  readonly rest: readonly string[];
}

const defaults = { "--port": 10_000, "--admin-port": 9901 };
type PortFlag = keyof typeof defaults;

/** Takes the demo's own flags out; all others are the proxy's. The error is for the operator. */
export function parseDemoArguments(args: readonly string[]): Result<DemoArguments, string> {
  const ports: Record<PortFlag, number> = { ...defaults };
  const rest: string[] = [];
  for (let i = 0; i < args.length; i += 1) {
    const [flag, inline] = args[i]!.split("=", 2) as [string, string?];
    if (!isPortFlag(flag)) {
      rest.push(args[i]!);
      continue;
    }
    if (inline === undefined) i += 1;
    const text = inline ?? args[i] ?? "";
    if (!/^\d{1,5}$/.test(text) || Number(text) < 1 || Number(text) > 65_535) {
      return { ok: false, error: `${flag} '${text}' is not a port: give a number from 1 to 65535` };
    }
    ports[flag] = Number(text);
  }
  return {
    ok: true,
    value: { proxyPort: ports["--port"], adminPort: ports["--admin-port"], rest },
  };
}

function isPortFlag(flag: string): flag is PortFlag {
  return Object.hasOwn(defaults, flag);
}

/** How the process ends; shell scripts and service managers rely on these. */
export const ExitCode = {
  ok: 0,
  /** Something failed while running or starting: a port in use, a crash. */
  runTime: 1,
  /** The command line is wrong (as most Unix commands have it). */
  usage: 2,
  /** The configuration is wrong (`EX_CONFIG` of sysexits.h). Envoy exits with 1. */
  config: 78,
} as const;

/**
 * Runs filters for their tests: in the proxy itself, inside this process, without a network and with a clock of its
 * own. `sluice test` is made of the same parts; host/docs/testing.md describes suites and their fields.
 */
export { type CaseResult, openSuite, type OpenedSuite } from "./library/opened-suite.ts";
export type {
  CaseFields,
  ContentFields,
  FilterFields,
  ReplyFields,
  RequestFields,
  SendFields,
  SuiteFields,
} from "./library/fields.ts";
export {
  OpenConnection,
  OpenRequest,
  TestProxy,
  type ReceivedRequest,
} from "./library/test-proxy.ts";
export { SuiteError } from "./library/suite-error.ts";
export type { Response } from "./run/exchange.ts";
export type { Costs, LogLine } from "./proxy/proxy.ts";

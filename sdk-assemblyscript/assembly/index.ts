export { CalloutError } from "./callout/callouts";
export { DnsAddress, DnsHandler, resolveName } from "./callout/dns-lookup";
export { GrpcCall, GrpcHandler, GrpcMethod, GrpcStream } from "./callout/grpc-call";
export { HttpCall, HttpCallHandler, HttpResponse } from "./callout/http-call";
export { TcpConnection, TcpHandler } from "./callout/tcp-connection";
export { ConfigObject } from "./config/config-object";
export { ConfigReader } from "./config/config-reader";
export { parseJson, JsonValue } from "./config/json";
export { Context } from "./filter/context";
export { HttpFilter } from "./filter/http-filter";
export { ListenerFilter } from "./filter/listener-filter";
export { NetworkFilter } from "./filter/network-filter";
export { AccessLogger, Plugin, Service } from "./filter/plugin";
export { registerPlugin } from "./filter/registry";
export { Stream } from "./filter/stream";
export { Body } from "./hostcall/body";
export { Configuration } from "./hostcall/configuration";
export { callForeignFunction, ForeignResult } from "./hostcall/foreign-function";
export { Header } from "./hostcall/header";
export { HeaderMap } from "./hostcall/headers";
export { LocalResponse } from "./hostcall/local-response";
export { Log, LogLevel } from "./hostcall/log";
export { Counter, Gauge, Histogram } from "./hostcall/metric";
export { Property } from "./hostcall/property";
export { SharedData } from "./hostcall/shared-data";
export { SharedQueue } from "./hostcall/shared-queue";
export { StatsEntry, StatsUpdate } from "./hostcall/stats-update";
export {
  closeDownstream,
  closeRequest,
  closeResponse,
  closeUpstream,
  continueDownstream,
  continueRequest,
  continueResponse,
} from "./hostcall/stream";
export { currentTimeMilliseconds, currentTimeNanoseconds, setTickPeriod } from "./hostcall/time";
export {
  CloseType,
  DataStatus,
  HeadersStatus,
  Status,
  StreamStatus,
  TrailersStatus,
} from "./status";

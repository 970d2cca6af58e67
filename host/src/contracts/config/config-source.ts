import type { GrpcServiceConfig } from "./grpc-service.ts";

/** `ConfigSource`: where a resource is subscribed to. */
export interface ConfigSourceConfig {
  /** Equal for equal sources. */
  readonly key: string;
  readonly specifier: FileSourceConfig | GrpcSourceConfig;
  /** 0 = the first version is waited for without end. */
  readonly initialFetchTimeoutMs: number;
}

/** `PathConfigSource` */
export interface FileSourceConfig {
  readonly kind: "file";
  readonly path: string;
  /** A directory whose `moved to` events trigger reading (`watched_directory`); else the file's own. */
  readonly watchedDirectory: string | undefined;
}

/** `ApiConfigSource` of type GRPC. */
export interface GrpcSourceConfig {
  readonly kind: "grpc";
  readonly service: GrpcServiceConfig;
  readonly setNodeOnFirstMessageOnly: boolean;
}

/** Where the proxy and the servers of a case listen. */
export interface CasePorts {
  readonly listener: number;
  /** By name. */
  readonly servers: ReadonlyMap<string, number>;
  /** Of the admin interface; undefined: there is none. */
  readonly admin: number | undefined;
}

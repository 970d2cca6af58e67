import { ConfigReader } from "./config-reader";

/**
 * A class that a configuration is read into. Its fields are the members that the JSON object may have, their initial
 * values the defaults. The transform writes `read` where there is none: a field of type string, bool, an integer or
 * float, another ConfigObject, or an array of strings, numbers or ConfigObjects is read as that. A field that may be
 * null stays null where the member is missing or null.
 */
export class ConfigObject {
  /** Reads the members, each with one call of the reader. */
  read(_reader: ConfigReader): void {}
}

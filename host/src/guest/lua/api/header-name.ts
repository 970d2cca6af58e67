import { HeaderId } from "../../../common/headers/header-id.ts";
import { type HeaderName, hostHeaderName } from "../../../common/headers/header-name.ts";
import { pseudoHeaderName } from "../../../common/headers/read-field.ts";

const authority = pseudoHeaderName(HeaderId.Authority);

/** The name under which maps hold what a script calls `name`: Envoy keeps Host as `:authority`. */
export function nameInMaps(name: HeaderName): HeaderName {
  return name === hostHeaderName ? authority : name;
}

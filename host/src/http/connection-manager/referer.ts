const schemePart = /^[a-z][a-z0-9+.-]*:\/\//i;

/** RFC 9110 section 10.1.3: an absolute or relative reference, without fragment and user information. */
export function isValidReferer(value: string): boolean {
  for (let i = 0; i < value.length; i += 1) {
    const c = value.charCodeAt(i);
    if (c <= 32 || c >= 127 || c === 35) return false;
  }
  const scheme = schemePart.exec(value);
  if (scheme === null) return !beginsWithScheme(value);
  const rest = value.slice(scheme[0].length);
  const end = rest.search(/[/?]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  const port = /:(\d*)$/.exec(authority);
  if (authority === "" || authority.includes("@")) return false;
  return port === null || Number(port[1]) <= 65535;
}

/** A colon before the first slash would be read as the end of a scheme. */
function beginsWithScheme(value: string): boolean {
  const colon = value.indexOf(":");
  const slash = value.indexOf("/");
  return colon >= 0 && (slash < 0 || colon < slash);
}

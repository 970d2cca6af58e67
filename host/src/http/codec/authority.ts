import { isValidAuthority } from "../../common/headers/validation.ts";

let lastAuthority = "";

/** As `isValidAuthority`; what was good last time, on whichever connection, is not looked at again. */
export function isGoodAuthority(authority: string): boolean {
  if (authority === lastAuthority) return true;
  if (!isValidAuthority(authority)) return false;
  lastAuthority = authority;
  return true;
}

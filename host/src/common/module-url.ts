/**
 * The URL of a module that is started rather than imported (a thread's or a process's entry), given without its
 * extension: `.ts` in a source checkout, `.js` in the published package. The compiler rewrites the extensions of
 * imports, not of URLs.
 */
export function moduleUrl(pathWithoutExtension: string, importMetaUrl: string): URL {
  return new URL(
    `${pathWithoutExtension}${runsFromSource(importMetaUrl) ? ".ts" : ".js"}`,
    importMetaUrl,
  );
}

/** True in a source checkout, where Node strips the types while it loads. */
export function runsFromSource(importMetaUrl: string): boolean {
  return importMetaUrl.endsWith(".ts");
}

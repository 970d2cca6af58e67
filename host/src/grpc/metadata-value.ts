/** What is wrong with a value of `initial_metadata` that is no literal. */
export const noFormats =
  "formats such as %PROTOCOL% are not supported in initial_metadata; give the text itself, with %% for a percent sign";

/** The text that a value of `initial_metadata` stands for; undefined when it asks for facts of a stream. */
export function literalValue(value: string): string | undefined {
  if (!value.includes("%")) return value;
  const parts = value.split("%%");
  return parts.some((part) => part.includes("%")) ? undefined : parts.join("%");
}

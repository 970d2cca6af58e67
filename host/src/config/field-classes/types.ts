/** What Sluice does with each field of a message. A field that stands nowhere is refused as "not supported". */
export interface MessageFields {
  /** Works as Envoy documents it. Proto names. */
  readonly implemented: readonly string[];
  /** Accepted without effect; the text says why that is right here. Warned about once. */
  readonly harmless?: { readonly [field: string]: string };
  /** Refused; the text says what to do instead. */
  readonly refused?: { readonly [field: string]: string };
}

/** By full message name, e.g. `envoy.config.listener.v3.Listener`. */
export type FieldClassTable = { readonly [messageName: string]: MessageFields };

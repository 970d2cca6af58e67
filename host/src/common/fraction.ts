import type { RandomSource } from "../contracts/event.ts";

/** A share of all requests (`envoy.type.v3.FractionalPercent`). */
export interface Fraction {
  readonly numerator: number;
  readonly denominator: number;
}

/** Chance decides whether one is in the share. */
export function isChosen({ numerator, denominator }: Fraction, random: RandomSource): boolean {
  return numerator >= denominator || random.uint32() % denominator < numerator;
}

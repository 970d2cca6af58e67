import type { Counter, Gauge } from "../../host/src/contracts/stats.ts";

/** A counter or gauge that only counts. */
export class SimulatedStat implements Counter, Gauge {
  readonly name = "";
  value = 0;
  inc(): void {
    this.value += 1;
  }
  dec(): void {
    this.value -= 1;
  }
  add(amount: number): void {
    this.value += amount;
  }
  sub(amount: number): void {
    this.value -= amount;
  }
  set(value: number): void {
    this.value = value;
  }
}

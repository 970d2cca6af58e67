import {
  METRIC_COUNTER,
  METRIC_GAUGE,
  METRIC_HISTOGRAM,
} from "../../../abi/src/numbers/metric-type";
import {
  proxy_define_metric,
  proxy_get_metric,
  proxy_increment_metric,
  proxy_record_metric,
} from "../env";
import { outPointer, outSize } from "../memory/allocator";
import { encodeFirst, firstPointer, firstSize, releaseTexts } from "../memory/text";
import { Status } from "../status";

/**
 * A number that the proxy shows among its own statistics, summed up over all workers. It is defined in the proxy when it
 * is first used. `status` tells how the last call went.
 */
class Metric {
  status: Status = Status.Ok;
  private id: u32 = 0;

  constructor(
    private readonly type: u32,
    readonly name: string,
  ) {}

  protected add(delta: i64): Status {
    if (this.defined()) this.status = proxy_increment_metric(this.id, delta);
    return this.status;
  }

  protected put(value: u64): Status {
    if (this.defined()) this.status = proxy_record_metric(this.id, value);
    return this.status;
  }

  protected read(): i64 {
    if (!this.defined()) return 0;
    this.status = proxy_get_metric(this.id, outPointer);
    return this.status == Status.Ok ? load<i64>(outPointer) : 0;
  }

  private defined(): bool {
    if (this.id != 0) return true;
    encodeFirst(changetype<usize>(this.name));
    this.status = proxy_define_metric(this.type, firstPointer, firstSize, outSize);
    releaseTexts();
    if (this.status != Status.Ok) return false;
    this.id = load<u32>(outSize);
    return true;
  }
}

/** Only goes up. */
export class Counter extends Metric {
  constructor(name: string) {
    super(METRIC_COUNTER, name);
  }

  /** `delta` is 1 or more. */
  increment(delta: i64 = 1): Status {
    return this.add(delta);
  }

  value(): u64 {
    return <u64>this.read();
  }
}

/** Goes up and down. */
export class Gauge extends Metric {
  constructor(name: string) {
    super(METRIC_GAUGE, name);
  }

  change(delta: i64): Status {
    return this.add(delta);
  }

  set(value: u64): Status {
    return this.put(value);
  }

  value(): u64 {
    return <u64>this.read();
  }
}

/** A distribution of values. It cannot be read back. */
export class Histogram extends Metric {
  constructor(name: string) {
    super(METRIC_HISTOGRAM, name);
  }

  record(value: u64): Status {
    return this.put(value);
  }
}

import {
  Body,
  Counter,
  DataStatus,
  Gauge,
  HeaderMap,
  HeadersStatus,
  Histogram,
  HttpFilter,
  Plugin,
} from "@sluice/sdk-assemblyscript/assembly";

class Metrics extends Plugin {
  readonly gets: Counter = new Counter("sample.requests.get");
  readonly others: Counter = new Counter("sample.requests.other");
  readonly active: Gauge = new Gauge("sample.active");
  readonly bodyBytes: Histogram = new Histogram("sample.body_bytes");

  override createHttpFilter(): HttpFilter {
    return new MetricsFilter(this);
  }
}

class MetricsFilter extends HttpFilter {
  private bytes: u64 = 0;
  private isActive: bool = false;

  constructor(private readonly metrics: Metrics) {
    super();
  }

  override onRequestHeaders(headers: HeaderMap, _endOfStream: bool): HeadersStatus {
    const method = headers.get(":method");
    if (method !== null && method == "GET") this.metrics.gets.increment();
    else this.metrics.others.increment();
    this.metrics.active.change(1);
    this.isActive = true;
    return HeadersStatus.Continue;
  }

  override onRequestBody(body: Body, endOfStream: bool): DataStatus {
    this.bytes += body.size;
    if (endOfStream) this.metrics.bodyBytes.record(this.bytes);
    return DataStatus.Continue;
  }

  override onDone(): bool {
    if (this.isActive) this.metrics.active.change(-1);
    return true;
  }
}

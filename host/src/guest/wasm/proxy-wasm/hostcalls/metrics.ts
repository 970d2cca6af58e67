import {
  METRIC_COUNTER,
  METRIC_HISTOGRAM,
  STATUS_BAD_ARGUMENT,
  STATUS_INTERNAL_FAILURE,
  STATUS_INVALID_MEMORY_ACCESS,
  STATUS_NOT_FOUND,
  STATUS_OK,
} from "@sluice/abi";
import { advise, printable } from "../advice.ts";
import { nameAt } from "../guest-names.ts";
import { beyondLimit } from "../input-limits.ts";
import { hasOneValue, metricTypeOf } from "../metrics.ts";
import type { WasmVm } from "../vm.ts";

/** `proxy_define_metric(type, name, id_out)`: the same id for the same type and name. */
export function defineMetric(
  vm: WasmVm,
  type: number,
  name: number,
  nameSize: number,
  idOut: number,
): number {
  if (type >>> 0 > METRIC_HISTOGRAM) return STATUS_BAD_ARGUMENT;
  const text = nameAt(vm.memory, name, nameSize, "latin1");
  if (text === undefined) return STATUS_INVALID_MEMORY_ACCESS;
  const id = vm.metrics.define(type, text);
  if (id === undefined) {
    const shown = printable(text);
    if (vm.metrics.full) {
      beyondLimit(vm, "max_metrics", `no room for the metric "${shown}"`);
    } else {
      advise(
        vm,
        "metrics",
        () => `the name of the metric "${shown}" is too long, or there are too many`,
      );
    }
    return STATUS_INTERNAL_FAILURE;
  }
  return vm.memory.setU32(idOut, id) ? STATUS_OK : STATUS_INVALID_MEMORY_ACCESS;
}

/** `proxy_increment_metric(id, offset)`: of a counter, up only; of a gauge, either way. */
export function incrementMetric(vm: WasmVm, id: number, offset: bigint): number {
  const type = metricTypeOf(id);
  if (!hasOneValue(type)) return STATUS_BAD_ARGUMENT;
  const metric = vm.metrics.value(id);
  if (metric === undefined) return STATUS_NOT_FOUND;
  if (type === METRIC_COUNTER && offset <= 0n) {
    advise(vm, "counter", () => `a counter only goes up, by 1 or more, not by ${offset}`);
    return STATUS_BAD_ARGUMENT;
  }
  metric.add(offset);
  return STATUS_OK;
}

/** `proxy_record_metric(id, value)`: adds to a counter, sets a gauge, goes into a histogram. */
export function recordMetric(vm: WasmVm, id: number, value: bigint): number {
  const type = metricTypeOf(id);
  if (type === METRIC_HISTOGRAM) {
    const number = Number(BigInt.asUintN(64, value));
    return vm.metrics.record(id, number) ? STATUS_OK : STATUS_NOT_FOUND;
  }
  const metric = vm.metrics.value(id);
  if (metric === undefined) return STATUS_NOT_FOUND;
  if (type === METRIC_COUNTER) metric.add(value);
  else metric.set(value);
  return STATUS_OK;
}

/** `proxy_get_metric(id, value_out)`: of a counter or gauge, as the whole process has it. */
export function getMetric(vm: WasmVm, id: number, valueOut: number): number {
  if (!hasOneValue(metricTypeOf(id))) return STATUS_BAD_ARGUMENT;
  const metric = vm.metrics.value(id);
  if (metric === undefined) return STATUS_NOT_FOUND;
  return vm.memory.setU64(valueOut, metric.value) ? STATUS_OK : STATUS_INVALID_MEMORY_ACCESS;
}

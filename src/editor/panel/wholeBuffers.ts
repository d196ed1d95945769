/**
 * Arrays fit to be posted to a page. What arrives from another process can be a view into a larger buffer; posting it would
 * send the whole buffer along, so such a view is copied.
 */
import type { Frame } from '../../protocol/frame';
import type { MetricRows } from '../../pageContract/messages';

export function frameForPage(frame: Frame): Frame {
  return isWhole(frame.data) ? frame : { header: frame.header, data: new Float32Array(frame.data) };
}

export function rowsForPage(metrics: MetricRows): MetricRows {
  return isWhole(metrics.rows) ? metrics : { rows: new Float64Array(metrics.rows), validation: metrics.validation };
}

export function wholeFloats<T extends Float32Array | Float64Array>(array: T): T {
  return isWhole(array) ? array : (array.slice() as T);
}

export function wholeIntegers(array: Int32Array): Int32Array {
  return isWhole(array) ? array : array.slice();
}

function isWhole(array: Float32Array | Float64Array | Int32Array): boolean {
  return array.buffer.byteLength === array.byteLength;
}

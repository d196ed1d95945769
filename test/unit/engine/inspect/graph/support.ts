/** Models opened in graph mode, without an engine. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { GraphProgram } from '../../../../../src/core/graph/run';
import { finished } from '../../../../../src/core/graph/turns';
import { GraphReading } from '../../../../../src/engine/inspect/graph/graphReading';
import { readableSteps } from '../../../../../src/engine/inspect/graph/readableSteps';
import type { ReadingSource } from '../../../../../src/engine/inspect/graph/segments';
import { externalDataOf } from '../../../../../src/engine/model/externalData';
import type { ModelProto } from '../../../../../src/formats/onnx/messages';
import { decodeOnnx } from '../../../../../src/formats/onnx/onnxFile';
import { recognizeGraph, type GraphLanguageModel } from '../../../../../src/modelFiles/onnx/graphMode/recognize';

export interface OpenedGraph {
  readonly proto: ModelProto;
  readonly model: GraphLanguageModel;
}

export function openGraph(path: string): OpenedGraph {
  const proto = decodeOnnx(readFileSync(path), path);
  return { proto, model: finished(recognizeGraph(proto, new GraphProgram(proto, externalDataOf(path)))) };
}

/** @param ids inputs and the last target  @returns also the ids of what is read of them */
export function readGraph(
  { program, use }: GraphLanguageModel,
  ids: ArrayLike<number>,
  maxTape = Infinity,
): { readonly reading: GraphReading; readonly ids: Int32Array } {
  const { scores } = use;
  assert.ok(scores, 'it has scores');
  const source: ReadingSource = { program, use: { ...use, scores }, maxTape };
  const all = Int32Array.from(ids);
  const { steps, run } = finished(readableSteps(source, all.subarray(0, -1)));
  const read = all.subarray(0, steps + 1);
  return { reading: finished(GraphReading.read(source, read, run)), ids: read };
}

/** Largest difference relative to the root mean square of what is expected; infinite where one is a number and the other is none. */
export function apart(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) return Infinity;
  const finite = Array.from(expected).filter(Number.isFinite);
  const scale = Math.sqrt(finite.reduce((sum, x) => sum + x * x, 0) / Math.max(1, finite.length)) || 1;
  let largest = 0;
  for (let i = 0; i < found.length; i++) {
    if (Object.is(found[i], expected[i])) continue;
    const difference = Math.abs(found[i] - expected[i]) / scale;
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference;
  }
  return largest;
}

/** What is exactly zero, and what cannot reach the target at all. */
export function withoutZeros(log10: ArrayLike<number>): number[] {
  return Array.from(log10, (value) => (value === -Infinity ? NaN : value));
}

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { finished } from '../../../../../src/core/graph/turns';
import { Float64Reading } from '../../../../../src/engine/inspect/reading';
import { stateNorms } from '../../../../../src/engine/inspect/states';
import { kindOf } from '../../../../../src/layers/catalog';
import { externalDataOf } from '../../../../../src/engine/model/externalData';
import { readOnnx } from '../../../../../src/modelFiles/onnx/read/readModel';
import { onnxFolder, onnxModels, onnxReference } from '../../../../reference/onnxReferences';
import { apart, openGraph, readGraph, withoutZeros } from './support';

const tolerance = 1e-9;

/** Two float64 computations of the same numbers, which a chaotic or exploding network drives apart. */
const loose = /chaotic|exploding|far-/;
/** The stack has a factor of the scores in its weights, which are float32. */
const folded = /scaled|temperature/;

interface StateSeries {
  readonly norm: Float64Array;
  readonly total: Float64Array;
  readonly flows: readonly Float64Array[];
}

describe('graph mode beside the recognized stack', () => {
  for (const { file, reference } of onnxModels()) {
    const path = join(onnxFolder, file);
    it(file, async () => {
      const { proto, model: graph } = openGraph(path);
      const { model } = readOnnx(proto, externalDataOf(path));
      assert.ok(model, 'it is a stack');
      assert.equal(graph.vocabularySize, model.vocabularySize);
      const { reading, ids } = readGraph(graph, onnxReference(reference).ids);
      const stack = new Float64Reading(model, ids);
      const limit = loose.test(file) ? 1e-5 : folded.test(file) ? 1e-7 : tolerance;
      assert.ok(
        Math.abs(reading.loss - stack.trace.loss) <= limit * stack.trace.loss,
        `the loss is ${reading.loss}, not ${stack.trace.loss}`,
      );
      const states = graph.series.filter(({ role }) => role === 'state');
      const targets = [reading.steps - 1, Math.floor(reading.steps / 2)];
      const norms = finished(reading.norms(states));
      const totals = finished(reading.totals(states));
      const flows = targets.map((target) => finished(reading.flow(states, target)));
      const found = states.map((_, s): StateSeries => ({
        norm: norms[s],
        total: totals[s],
        flows: flows.map((ofTarget) => ofTarget[s]),
      }));
      const some = Array.from(new Set([0, Math.floor(reading.steps / 3), ...targets])).sort((a, b) => a - b);
      const beginning = finished(reading.beginning(Math.max(1, reading.steps - 1)));
      for (const state of states) {
        const alone = some.map((target) => finished(reading.flow([state], target))[0]);
        finished(reading.flowOfTargets(state, some)).forEach((row, i) => {
          assert.ok(apart(withoutZeros(row), withoutZeros(alone[i])) < 1e-9, `the target ${some[i]} among several`);
        });
        const [short] = finished(beginning.flow([state], some[0]));
        const { steps } = beginning;
        assert.ok(
          apart(withoutZeros(short), withoutZeros(alone[0].subarray(0, steps))) < limit,
          `the target ${some[0]} of the text’s beginning`,
        );
      }
      const expected = await stack.totals();
      const perTarget = await Promise.all(targets.map((target) => stack.perTarget(target)));
      for (const [l, { cell, directions }] of stack.trace.layers.entries())
        for (const d of directions.keys())
          for (const [s, { name }] of kindOf(cell).states.entries()) {
            const wanted: StateSeries = {
              norm: stateNorms(stack.trace, l, d, s),
              total: expected.totals[l][d][s],
              flows: perTarget.map((layers) => layers[l][d][s]),
            };
            const distances = found.map((series) => distance(series, wanted));
            const least = Math.min(...distances);
            assert.ok(
              least <= limit,
              `layer ${l}, direction ${d}, ${name}: none of ${states.map((each) => each.name).join(', ')} is within ${least}`,
            );
          }
    });
  }
});

function distance(found: StateSeries, wanted: StateSeries): number {
  return Math.max(
    apart(found.norm, wanted.norm),
    apart(found.total, wanted.total),
    ...found.flows.map((flow, i) => apart(withoutZeros(flow), withoutZeros(wanted.flows[i]))),
  );
}

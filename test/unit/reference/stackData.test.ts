// The stacks' vectors against what any right numbers have to satisfy, whatever computed them.
import { strict as assert } from 'node:assert';
import {
  add,
  addOuter,
  addTo,
  concatenate,
  multiply,
  multiplyTransposed,
  norm,
  scale,
  split,
} from '../../reference/algebra';
import { assertClose, assertNear } from '../../reference/compare';
import { gateNames, type ReferenceLayer, type Vector } from '../../reference/model';
import { crossEntropy, crossEntropyGradient } from '../../reference/network';
import {
  listStackParameters,
  loadLongCase,
  loadStackCase,
  stackCaseNames,
  type StackCase,
  type StackParameters,
  type StackReading,
  type StackShape,
} from '../../reference/stackVectors';

// They are kept with 12 digits.
const tolerance = 1e-10;

describe('stack vectors: what the data covers', () => {
  const cases = stackCaseNames.map(loadStackCase);

  it('every cell, one and two layers, one and two directions, both readings, both objectives', () => {
    const covered = new Set(
      cases.flatMap((stack) =>
        stack.readings.map(({ reading, objective }) =>
          [kindOf(stack), stack.layers, stack.directions, reading, objective].join(' '),
        ),
      ),
    );
    for (const kind of ['rnn tanh', 'rnn relu', 'lstm', 'gru']) {
      for (const shape of ['1 1', '1 2', '2 1', '2 2']) {
        for (const reading of ['stream next', 'stream masked', 'sequences next', 'sequences masked'])
          assert.ok(covered.has(`${kind} ${shape} ${reading}`), `${kind} ${shape} ${reading}`);
      }
    }
  });

  it('embedding, tied output, truncation and dropout for every cell, alone and together', () => {
    const extras = (stack: StackCase) => [
      ...(stack.tied ? ['tied'] : stack.embedding ? ['embedding'] : []),
      ...(stack.truncation ? ['truncation'] : []),
      ...(stack.readings[0].windows[0].masks ? ['dropout'] : []),
    ];
    const covered = new Set(cases.map((stack) => [kindOf(stack), ...extras(stack)].join(' ')));
    for (const kind of ['rnn tanh', 'rnn relu', 'lstm', 'gru']) {
      for (const extra of ['embedding', 'tied', 'truncation', 'dropout', 'tied truncation dropout'])
        assert.ok(covered.has(`${kind} ${extra}`), `${kind} ${extra}`);
    }
  });
});

for (const name of stackCaseNames) {
  const stack = loadStackCase(name);
  const ofEach = (check: (reading: StackReading) => void) => () => stack.readings.forEach(check);

  describe(`stack vectors, ${name}`, () => {
    it('parameters are float32 numbers and every array has its size', () => {
      for (const { name: what, values } of listStackParameters(stack.parameters))
        assert.deepEqual(values.map(Math.fround), values, what);
      for (const reading of stack.readings) {
        assert.deepEqual(sizesOf(reading.gradients), sizesOf(stack.parameters));
        assertSizes(stack, reading);
      }
    });

    it(
      'nothing is read, predicted or left behind after the end of a stream',
      ofEach((reading) => {
        for (const { inputs, targets, lengths } of reading.windows) {
          inputs.forEach((id, row) => {
            const inside = Math.floor(row / lengths.length) < lengths[row % lengths.length];
            assert.equal(id >= 0, inside);
            if (!inside || reading.objective === 'next') assert.equal(targets[row] >= 0, inside);
          });
        }
        const { inputs } = reading.windows.at(-1)!;
        for (const series of reading.states.flat().flatMap(({ h, c, totalH, totalC }) => [h, c, totalH, totalC])) {
          if (series) inputs.forEach((id, row) => id >= 0 || assert.equal(norm(rowOf(series, row, stack.hidden)), 0));
        }
      }),
    );

    it(
      'the loss and the output’s gradients follow from the top states',
      ofEach((reading) => {
        const { targets, loss } = reading.windows.at(-1)!;
        const predicted = targets.filter((id) => id >= 0).length;
        const W = new Float64Array(outputOf(stack).length);
        const b = new Float64Array(stack.vocabulary);
        let sum = 0;
        targets.forEach((id, row) => {
          if (id < 0) return;
          const state = topState(reading, row, stack);
          const scores = scoresOf(stack, state);
          sum += crossEntropy(scores, id);
          const error = scale(1 / predicted, crossEntropyGradient(scores, id));
          addOuter(W, error, state);
          addTo(b, error);
        });
        assertNear(sum / predicted, loss, tolerance, 'loss');
        assertClose(reading.gradients.output.b, b, tolerance, 'output b');
        if (reading.gradients.output.W) assertClose(reading.gradients.output.W, W, tolerance, 'output W');
      }),
    );

    it(
      'at the step a direction reads last, the top layer’s gradient is the output’s alone',
      ofEach((reading) => {
        const { targets, lengths } = reading.windows.at(-1)!;
        const predicted = targets.filter((id) => id >= 0).length;
        const zero = new Float64Array(stack.directions * stack.hidden);
        lengths.forEach((length, stream) => {
          if (length === 0) return;
          reading.states.at(-1)!.forEach(({ totalH }, direction) => {
            const row = (direction === 0 ? length - 1 : 0) * lengths.length + stream;
            const whole = targets[row] < 0 ? zero : scale(1 / predicted, stepGradient(stack, reading, row));
            assertClose(
              rowOf(totalH, row, stack.hidden),
              split(whole, stack.directions)[direction],
              tolerance,
              `direction ${direction} of stream ${stream}`,
            );
          });
        });
      }),
    );

    it(
      'a bias meets every pre-activation once, and so does one column of a one-hot input’s weights',
      ofEach((reading) => {
        reading.gradients.layers.forEach((directions, l) =>
          directions.forEach((layer) => assertBiases(stack, layer, l)),
        );
      }),
    );

    if (stack.embedding && !stack.tied) {
      it(
        'tokens that are not read leave their embeddings alone',
        ofEach((reading) => {
          const read = new Set(reading.windows.at(-1)!.inputs);
          for (let id = 0; id < stack.vocabulary; id++)
            if (!read.has(id))
              assert.equal(norm(rowOf(reading.gradients.embedding!, id, stack.embedding!)), 0, `token ${id}`);
        }),
      );
    }

    if (stack.readings[0].perTarget.length > 0) {
      it(
        'a target reaches exactly the states it depends on, and its own by the output matrix',
        ofEach((reading) => {
          for (const item of reading.perTarget) assertReach(stack, reading, item);
        }),
      );
    }
  });
}

describe('long vectors', () => {
  const long = loadLongCase();

  it('one norm a step, one gradient a parameter, biases once a pre-activation', () => {
    const steps = long.ids.length - 1;
    for (const { h, c } of long.totals) assert.deepEqual([h.length, c.length], [steps, steps]);
    long.gradients.layers.forEach(([layer], l) => assertBiases(long, layer, l));
  });
});

const kindOf = ({ cell, activation }: StackCase): string => (cell === 'rnn' ? `rnn ${activation}` : cell);

const sizesOf = (parameters: StackParameters): string[] =>
  listStackParameters(parameters).map(({ name, values }) => `${name} ${values.length}`);

const outputOf = ({ parameters }: StackCase): Vector => (parameters.output.W ?? parameters.embedding)!;

const rowOf = (series: Vector, row: number, width: number): Vector => series.subarray(row * width, (row + 1) * width);

/** The top layer's states beside each other, as the output reads them. */
const topState = ({ states }: StackReading, row: number, { hidden }: StackCase): Vector =>
  concatenate(...states.at(-1)!.map(({ h }) => rowOf(h, row, hidden)));

const scoresOf = (stack: StackCase, state: Vector): Vector =>
  add(multiply(outputOf(stack), state), stack.parameters.output.b);

/** ∂ℓ/∂(top states) of one predicted token. */
function stepGradient(stack: StackCase, reading: StackReading, row: number): Vector {
  const error = crossEntropyGradient(
    scoresOf(stack, topState(reading, row, stack)),
    reading.windows.at(-1)!.targets[row],
  );
  return multiplyTransposed(outputOf(stack), error);
}

function assertSizes(stack: StackCase, { reading, windows, states }: StackReading): void {
  assert.equal(windows.length, reading === 'stream' ? 2 : 1);
  const rows = windows[0].inputs.length;
  for (const { inputs, targets, masks } of windows) {
    assert.deepEqual([inputs.length, targets.length], [rows, rows]);
    if (masks)
      assert.deepEqual(
        masks.map(({ length }) => length),
        Array(stack.layers - 1).fill(rows * stack.directions * stack.hidden),
      );
  }
  assert.deepEqual(
    states.map((directions) => directions.length),
    Array(stack.layers).fill(stack.directions),
  );
  for (const { h, c, totalH, totalC } of states.flat()) {
    assert.equal(c !== null && totalC !== null, stack.cell === 'lstm');
    for (const series of [h, c, totalH, totalC]) if (series) assert.equal(series.length, rows * stack.hidden);
  }
}

function assertBiases(stack: StackShape, { W, Wb, Rb }: ReferenceLayer, l: number): void {
  // The candidate's recurrent bias of a GRU lies behind the reset gate.
  const shared = stack.cell === 'gru' ? 2 * stack.hidden : gateNames[stack.cell].length * stack.hidden;
  assertClose(Rb.subarray(0, shared), Wb.subarray(0, shared), tolerance, `Rb of layer ${l}`);
  if (l > 0 || stack.embedding) return;
  const width = W.length / Wb.length;
  assertClose(
    Wb.map((_, row) => rowOf(W, row, width).reduce((sum, value) => sum + value, 0)),
    Wb,
    tolerance,
    'row sums of W',
  );
}

function assertReach(
  stack: StackCase,
  reading: StackReading,
  { stream, target, h, c }: StackReading['perTarget'][number],
): void {
  const { lengths } = reading.windows.at(-1)!;
  for (const flow of c ? [h, c] : [h]) {
    flow.forEach((directions, l) =>
      directions.forEach((steps, direction) => {
        assert.equal(steps.length, lengths[stream]);
        const below = stack.directions === 2 && l < stack.layers - 1;
        steps.forEach((value, t) =>
          assert.equal(
            value !== null,
            below || (direction === 0 ? t <= target : t >= target),
            `layer ${l}, direction ${direction}, step ${t}`,
          ),
        );
      }),
    );
  }
  const own = split(stepGradient(stack, reading, target * lengths.length + stream), stack.directions);
  h.at(-1)!.forEach((steps, direction) =>
    assertNear(steps[target]!, Math.log10(norm(own[direction])), tolerance, 'its own step', true),
  );
}

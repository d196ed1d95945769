/** Files of weights under any names are read rightly, or asked about, or refused: never read as another model. */
import { strict as assert } from 'node:assert';
import { Random } from '../../../src/core/model/random';
import type { GeneralModel, Weights } from '../../../src/core/model/generalModel';
import { readTorchWeights } from '../../../src/modelFiles/torchWeights';
import { UserError } from '../../../src/userError';
import { cells, type Cell, type Matrix, type TrueDirection, type TrueModel } from './architecture';
import { stateDict, type StateDict } from './stateDict';

export interface Tally {
  right: number;
  asked: number;
  refused: number;
}

/** Of `count` random files; throws an Error that names the seed of the first that is read wrongly. */
export function checkStateDicts(seed: number, count: number): Tally {
  const tally: Tally = { right: 0, asked: 0, refused: 0 };
  for (let i = 0; i < count; i++) {
    const made = stateDict(Random.forDrawing(seed + i));
    try {
      tally[outcomeOf(made)]++;
    } catch (thrown) {
      throw new Error(
        `seed ${seed + i}, ${made.names}, beyond a stack: ${made.beyond ?? 'nothing'}: ${String(thrown)}`,
        {
          cause: thrown,
        },
      );
    }
  }
  return tally;
}

function outcomeOf({ bytes, model, beyond, isClear }: StateDict): keyof Tally {
  const outcome = read(bytes, null);
  if (!(outcome instanceof UserError)) {
    assert.equal(beyond, undefined, 'read, though it computes something besides');
    assertSame(outcome, model);
    return 'right';
  }
  assert.ok(!isClear, `not read, though nothing is open: ${outcome.message}`);
  if (outcome.need !== 'tensors' || outcome.key !== 'error.torch.ambiguous') return 'refused';
  // One of the answers is right.
  if (beyond === undefined) assert.ok(leadsTo(bytes, model, '', outcome, 0), `no right answer: ${outcome.message}`);
  return 'asked';
}

function leadsTo(bytes: Uint8Array, model: TrueModel, said: string, question: UserError, depth: number): boolean {
  return question.choices.some((choice) => {
    const answers = said === '' ? choice : `${said},${choice}`;
    const outcome = read(bytes, answers);
    if (!(outcome instanceof UserError)) return isSame(outcome, model);
    return depth < 3 && outcome.need === 'tensors' && leadsTo(bytes, model, answers, outcome, depth + 1);
  });
}

function read(bytes: Uint8Array, tensors: string | null): GeneralModel | UserError {
  try {
    return readTorchWeights(bytes, 'random.safetensors', { activation: 'tanh', tensors }).model;
  } catch (thrown) {
    if (thrown instanceof UserError) return thrown;
    throw thrown;
  }
}

function isSame(actual: GeneralModel, expected: TrueModel): boolean {
  try {
    assertSame(actual, expected);
    return true;
  } catch {
    return false;
  }
}

function assertSame(actual: GeneralModel, expected: TrueModel): void {
  const { modules, embedding, output, bias, norm, V } = expected;
  assert.equal(actual.vocabularySize, V);
  assertValues(actual.embedding, embedding, 'embedding');
  assertValues(actual.output.W, output, 'output');
  assert.equal(actual.output.W === actual.embedding, output === embedding, 'tied');
  assert.deepEqual(Array.from(actual.output.b), Array.from(bias?.values ?? new Float32Array(V)), 'bias');
  assertValues(actual.norm?.gamma ?? null, norm && norm.gamma, 'norm');
  assertValues(actual.norm?.beta ?? null, norm && norm.beta, 'norm');
  const layers = modules.flatMap(({ cell, layers: own }) => own.map((directions) => ({ cell, directions })));
  assert.equal(actual.layers.length, layers.length, 'layers');
  layers.forEach(({ cell, directions }, l) => {
    const layer = actual.layers[l];
    assert.equal(layer.cell, cell);
    assert.deepEqual(
      layer.directions.map(({ direction }) => direction),
      ['forward', 'backward'].slice(0, directions.length),
    );
    directions.forEach((tensors, d) =>
      assertDirection(layer.directions[d], tensors, cell, `layer ${l}, direction ${d}`),
    );
  });
}

function assertDirection(
  actual: Readonly<Record<'W' | 'R' | 'Wb' | 'Rb', Weights>>,
  expected: TrueDirection,
  cell: Cell,
  where: string,
): void {
  const { blocks } = cells[cell];
  for (const role of ['W', 'R', 'Wb', 'Rb'] as const) {
    const values = expected[role]?.values ?? new Float32Array(expected.W.shape[0]);
    const length = values.length / blocks.length;
    const ours = blocks.flatMap((block) => Array.from(values.subarray(block * length, (block + 1) * length)));
    assert.deepEqual(Array.from(actual[role]), ours, `${role} of ${where}`);
  }
}

function assertValues(actual: Weights | null, expected: Matrix | null, what: string): void {
  assert.deepEqual(actual && Array.from(actual), expected && Array.from(expected.values), what);
}

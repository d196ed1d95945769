/** Whether a model was read rightly: its file and the model as it was read have run on the same tokens, and must predict the same. */
import type { Verification } from '../../../protocol/model';
import type { FileRun } from './fileRun';
import type { ModelRun } from './modelRun';

/**
 * Of the differences, relative to the root mean square. Graphs that compute in float16 have three digits. In float64 what is left is from the reading, which
 * rounds weights to float32 when it multiplies constants into them.
 */
export const limits = { float16: 2e-2, float32: 1e-4, float64: 1e-6 } as const;
/** Probabilities below this are all alike: float32 loses their digits. */
const minLog = -80;

/** The file's numbers are what is compared with. */
export async function compareRuns(ofFile: FileRun, ofModel: ModelRun): Promise<Verification> {
  const {
    by,
    use,
    outcome: theirs,
    tokens: { length: steps },
  } = ofFile;
  const { outcome: own } = ofModel;
  const limit = by === 'graph' ? limits.float64 : theirs.isHalf ? limits.float16 : limits.float32;
  const plain = differenceOf(theirs.logProbabilities, own.logProbabilities);
  if (plain <= limit)
    return { by, of: 'stack', tokens: steps, difference: plain, limit, agrees: true, disagreement: null };
  // A chaotic model amplifies rounding errors without bound: it is compared as long as they stay small.
  const trusted = use.isLast ? steps : await trustedSteps(ofModel, steps, limit);
  if (trusted < steps) {
    const part = differenceOf(theirs.logProbabilities, own.logProbabilities, trusted / steps);
    if (part <= limit)
      return { by, of: 'stack', tokens: trusted, difference: part, limit, agrees: true, disagreement: null };
  }
  return {
    by,
    of: 'stack',
    tokens: steps,
    difference: plain,
    limit,
    agrees: false,
    disagreement: await disagreement(ofFile, ofModel, limit).catch(() => null),
  };
}

/** Largest difference relative to the root mean square of `theirs`; of the first part of it. `own` may have rows before those. */
export function differenceOf(theirs: Float64Array, own: Float64Array, part = 1): number {
  const first = own.length - theirs.length;
  const length = Math.ceil(theirs.length * part);
  let [difference, squares] = [0, 0];
  for (let i = 0; i < length; i++) {
    const [a, b] = [Math.max(theirs[i], minLog), Math.max(own[first + i], minLog)];
    const distance = Math.abs(a - b);
    // Not a number on one side only is as far as can be.
    difference = Math.max(difference, Number.isNaN(distance) ? (Object.is(a, b) ? 0 : Infinity) : distance);
    squares += Number.isNaN(a) ? 0 : a ** 2;
  }
  return difference === 0 ? 0 : difference / Math.sqrt(squares / length);
}

/** Steps before an error of the computation's size in the lowest weights has grown to a good part of the limit. */
async function trustedSteps(run: ModelRun, steps: number, limit: number): Promise<number> {
  const { model, outcome: own } = run;
  if (model.layers.some(({ directions }) => directions.some(({ direction }) => direction === 'backward'))) return steps;
  const { logProbabilities: moved } = await run.nudged();
  const V = model.vocabularySize;
  for (let t = 0; t < steps; t++) {
    if (
      differenceOf(own.logProbabilities.subarray(t * V, (t + 1) * V), moved.subarray(t * V, (t + 1) * V)) >
      limit / 10
    )
      return Math.max(1, t);
  }
  return steps;
}

/** The first layer, from the tokens up, whose states differ; else the output layer. */
async function disagreement(ofFile: FileRun, ofModel: ModelRun, limit: number): Promise<Verification['disagreement']> {
  const { file, use } = ofFile;
  const theirs = await ofFile.withStates();
  if (!theirs) return null;
  const own = await ofModel.withStates();
  for (const [l, directions] of theirs.states.entries()) {
    for (const [d, states] of directions.entries()) {
      const ours = own.states[l][d];
      const difference = states && ours ? comparedPlainly(states, ours) : 0;
      const { node, operator } = use.recurrent[l][d];
      if (difference > limit) return { node, operator, difference };
    }
  }
  const node = file.proto.graph.node.find(
    ({ name, output }) => name === use.outputLayer || output.includes(use.outputLayer),
  );
  return {
    node: use.outputLayer,
    operator: node?.opType ?? 'MatMul',
    difference: differenceOf(theirs.logProbabilities, own.logProbabilities),
  };
}

function comparedPlainly(theirs: Float64Array, own: Float64Array): number {
  let [difference, squares] = [0, 0];
  theirs.forEach((value, i) => {
    difference = Math.max(difference, Math.abs(value - own[i]));
    squares += value ** 2;
  });
  return difference === 0 ? 0 : difference / Math.sqrt(squares / theirs.length);
}

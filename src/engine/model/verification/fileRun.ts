/** A model's file run as it is: its own graph. */
import type { GeneralModel } from '../../../core/model/generalModel';
import type { GraphUse } from '../../../modelFiles/onnx/read/readModel';
import { UserError } from '../../../userError';
import { numbersOf, type Evaluator, type LoadedGraph, type ModelFile } from './evaluator';
import { logProbabilities, otherFeeds, tokenFeed } from './graphUse';
import { rowsOf, type Outcome } from './outcome';

/** Tokens at most: more would say no more. */
const maxTokens = 512;
/** Calls at most of a graph that reads one token at a time. */
const maxCalls = 64;

/** How the file is read: what its graph's tensors mean, and the model that they make. */
export interface FileReading {
  readonly use: GraphUse;
  readonly model: GeneralModel;
}

export interface FileRun {
  readonly by: Evaluator['name'];
  readonly file: ModelFile;
  readonly use: GraphUse;
  /** What was read. */
  readonly tokens: Float64Array;
  readonly outcome: Outcome;
  /** Runs it again for the states of every layer, as far as its graph lets them be seen; null where they cannot be told apart. */
  withStates(): Promise<Outcome> | null;
}

/**
 * @param ids tokens of the text; they are repeated where the graph has a fixed, longer time
 * @param max of the tokens, where their number is free
 * Rejects with a UserError where the evaluator cannot run the file's graph.
 */
export async function runFile(
  evaluator: Evaluator,
  file: ModelFile,
  { use, model }: FileReading,
  ids: ArrayLike<number>,
  max = Infinity,
): Promise<FileRun> {
  const { tokens, outcome } = await finiteOutcome(evaluator, file, use, model, ids, max);
  return {
    by: evaluator.name,
    file,
    use,
    tokens,
    outcome,
    withStates: () => (readsOneByOne(use) ? null : outcomeOf(evaluator, file, use, model, tokens, false, true)),
  };
}

/** Exploding states overflow in float32, of which nothing can be learned: then fewer tokens are tried, where their number is free. */
async function finiteOutcome(
  evaluator: Evaluator,
  file: ModelFile,
  use: GraphUse,
  model: GeneralModel,
  ids: ArrayLike<number>,
  most: number,
): Promise<{ tokens: Float64Array; outcome: Outcome }> {
  const fixed = fixedSteps(use);
  const isSingle = readsOneByOne(use);
  const lengths =
    fixed !== null && !isSingle
      ? [fixed]
      : [isSingle ? maxCalls : maxTokens, 64, 8].map((max) => Math.min(ids.length, most, max));
  for (const steps of lengths) {
    const tokens = Float64Array.from({ length: steps }, (_, t) => ids[t % ids.length]);
    const outcome = await outcomeOf(evaluator, file, use, model, tokens, isSingle, false);
    if (outcome.logProbabilities.every((value) => !Number.isNaN(value) && value < Infinity)) return { tokens, outcome };
  }
  throw new UserError('notice.verification.notFinite');
}

/** Tokens of one call; null where their number is free. */
export function fixedSteps({ tokens: { sizes }, timeAxis }: GraphUse): number | null {
  return sizes.length === 0 ? 1 : sizes[timeAxis];
}

/** One token a call, and states that go in and come out. A graph of one token without them can be tried on one token only. */
function readsOneByOne(use: GraphUse): boolean {
  return fixedSteps(use) === 1 && use.others.length > 0;
}

/** T × V, or 1 × V where only the last step is predicted; of the first text of the batch. */
async function outcomeOf(
  evaluator: Evaluator,
  file: ModelFile,
  use: GraphUse,
  model: GeneralModel,
  tokens: Float64Array,
  isSingle: boolean,
  withStates: boolean,
): Promise<Outcome> {
  const V = model.vocabularySize;
  const batch = use.tokens.sizes[1 - use.timeAxis] ?? 1;
  const seen = withStates
    ? use.recurrent
        .flat()
        .map(({ tensor }) => tensor)
        .filter((tensor) => tensor !== '')
    : [];
  const graph = await evaluator.load(file, [use.output, ...seen, ...(use.carried ?? []).map(({ output }) => output)]);
  try {
    if (isSingle) return await stepByStep(graph, use, tokens, batch, V);
    const feeds = { ...tokenFeed(use, tokens, batch, V), ...otherFeeds(use, batch, tokens.length) };
    const results = await graph.run(feeds, [use.output, ...new Set(seen)]);
    const output = results[use.output];
    const all = numbersOf(output);
    const T = use.isLast ? 1 : tokens.length;
    if (all.length !== T * batch * V) throw new UserError('notice.verification.wrongSize', all.length, T * batch * V);
    const states = use.recurrent.map((directions, l) =>
      directions.map(({ tensor, index, directions: D, isBatchFirst }) => {
        const H = model.layers[l].hiddenSize;
        const stride = isBatchFirst ? D * H : D * batch * H;
        return tensor === '' || !withStates
          ? null
          : rowsOf(numbersOf(results[tensor]), tokens.length, H, stride, isBatchFirst ? index * H : index * batch * H);
      }),
    );
    return {
      logProbabilities: logProbabilities(predictions(all, use, T, batch, V), V, use.then),
      states,
      isHalf: output.type === 'float16',
    };
  } finally {
    await graph.close();
  }
}

/** Of the first text of the batch, T × V, however they lie. */
function predictions(all: Float64Array, { order }: GraphUse, T: number, batch: number, V: number): Float64Array {
  const sizes = { time: T, batch, symbols: V };
  const strides = { time: 0, batch: 0, symbols: 0 };
  let stride = 1;
  for (const axis of [...order].reverse()) {
    strides[axis] = stride;
    stride *= sizes[axis];
  }
  return Float64Array.from(
    { length: T * V },
    (_, i) => all[Math.floor(i / V) * strides.time + (i % V) * strides.symbols],
  );
}

/** Of a graph that reads one token a call, its states carried from call to call. */
async function stepByStep(
  graph: LoadedGraph,
  use: GraphUse,
  tokens: Float64Array,
  batch: number,
  V: number,
): Promise<Outcome> {
  const { carried } = use;
  if (!carried || use.recurrent.some(({ length }) => length > 1))
    throw new UserError('notice.verification.unclearStates');
  const all = new Float64Array(tokens.length * V);
  let feeds = otherFeeds(use, batch, 1);
  for (let t = 0; t < tokens.length; t++) {
    const results = await graph.run({ ...feeds, ...tokenFeed(use, tokens.subarray(t, t + 1), batch, V) }, [
      use.output,
      ...carried.map(({ output }) => output),
    ]);
    const row = numbersOf(results[use.output]);
    if (row.length !== batch * V) throw new UserError('notice.verification.wrongSize', row.length, batch * V);
    all.set(predictions(row, use, 1, batch, V), t * V);
    feeds = { ...feeds, ...Object.fromEntries(carried.map(({ input, output }) => [input, results[output]])) };
  }
  return { logProbabilities: logProbabilities(all, V, use.then), states: [], isHalf: false };
}

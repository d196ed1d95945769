/** The model as it was read: written out as a graph of our own and run on ONNX Runtime, or computed by our own float64 code, as it is inspected. */
import { readInFloat64, rowsOf as statesOf } from '../../../core/float64/float64Trace';
import type { GeneralModel, Weights } from '../../../core/model/generalModel';
import { encodeModel } from '../../../formats/onnx/messages';
import { statesName, weightlessGraph } from '../../../modelFiles/onnx/generalGraph';
import { names } from '../../../modelFiles/onnx/languageModelGraph';
import type { PlainTensor } from '../../runtime/calls';
import type { RuntimeProcess } from '../../runtime/runtimeProcess';
import { numbersOf } from './evaluator';
import { logProbabilities } from './graphUse';
import { rowsOf, type Outcome } from './outcome';

/** Relative rounding errors. */
const unitRoundoff = { float32: 6e-8, float64: 1e-15 } as const;

export interface ModelRun {
  readonly model: GeneralModel;
  readonly outcome: Outcome;
  /** Runs it again for the states of every layer. */
  withStates(): Promise<Outcome>;
  /** Runs it with an error of the computation's size in the weights of the lowest layer. */
  nudged(): Promise<Outcome>;
}

/** Rejects with a UserError where ONNX Runtime cannot run it. */
export async function runModel(runtime: RuntimeProcess, model: GeneralModel, tokens: Float64Array): Promise<ModelRun> {
  return {
    model,
    outcome: await outcomeOf(runtime, model, tokens, false),
    withStates: () => outcomeOf(runtime, model, tokens, true),
    nudged: () => outcomeOf(runtime, nudgedModel(model, unitRoundoff.float32), tokens, false),
  };
}

export function computeModel(model: GeneralModel, tokens: Float64Array): ModelRun {
  const outcome = computed(model, tokens);
  return {
    model,
    outcome,
    withStates: () => Promise.resolve(outcome),
    nudged: () => Promise.resolve(computed(nudgedModel(model, unitRoundoff.float64), tokens)),
  };
}

function computed(model: GeneralModel, tokens: Float64Array): Outcome {
  const ids = Int32Array.from(tokens);
  const { probabilities, layers } = readInFloat64(model, ids, ids);
  return {
    logProbabilities: probabilities.map(Math.log),
    states: layers.map(({ directions, hiddenSize: H }) =>
      directions.map(({ direction, states: [given] }) => {
        const rows = new Float64Array(ids.length * H);
        ids.forEach((_, t) => {
          const { after } = statesOf({ direction }, t);
          rows.set(given.subarray(after * H, (after + 1) * H), t * H);
        });
        return rows;
      }),
    ),
    isHalf: false,
  };
}

function nudgedModel(model: GeneralModel, by: number): GeneralModel {
  const [lowest, ...others] = model.layers;
  const directions = lowest.directions.map((direction) => ({ ...direction, W: nudged(direction.W, by) }));
  return { ...model, layers: [{ ...lowest, directions }, ...others] };
}

function nudged(W: Weights, by: number): Weights {
  return Float64Array.from(W, (value, i) => value * (1 + (i % 2 === 0 ? by : -by)));
}

/** Of a batch of one. */
async function outcomeOf(
  runtime: RuntimeProcess,
  model: GeneralModel,
  tokens: Float64Array,
  withStates: boolean,
): Promise<Outcome> {
  const ids: PlainTensor = { type: 'int64', dims: [tokens.length, 1], data: BigInt64Array.from(tokens, BigInt) };
  const graph = weightlessGraph(model, withStates);
  const weights = Array.from(graph.given, ([name, { shape, data }]): [string, PlainTensor] => [
    name,
    { type: 'float32', dims: shape, data },
  ]);
  const session = await runtime.load(encodeModel(graph.model));
  try {
    const states = withStates ? model.layers.map((_, layer) => statesName(layer)) : [];
    const results = await session.run({ ...Object.fromEntries(weights), [names.ids]: ids }, [names.logits, ...states]);
    const all = numbersOf(results[names.logits]);
    const ofLayers = model.layers.map(({ directions, hiddenSize: H }, layer) =>
      directions.map((_, d) =>
        withStates
          ? rowsOf(numbersOf(results[statesName(layer)]), tokens.length, H, directions.length * H, d * H)
          : null,
      ),
    );
    return {
      logProbabilities: logProbabilities(all, model.vocabularySize, 'nothing'),
      states: ofLayers,
      isHalf: false,
    };
  } finally {
    await session.close();
  }
}

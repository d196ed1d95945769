/** The model as it was read, written out as a graph of our own and run on ONNX Runtime. */
import type { GeneralModel, Weights } from '../../../core/model/generalModel';
import { encodeModel } from '../../../formats/onnx/messages';
import { statesName, weightlessGraph } from '../../../modelFiles/onnx/generalGraph';
import { names } from '../../../modelFiles/onnx/languageModelGraph';
import { logProbabilities } from './graphUse';
import { numbersOf, Session, type Ort } from './ortSession';
import { rowsOf, type Outcome } from './outcome';

/** Relative rounding error of float32. */
const unitRoundoff = 6e-8;

export interface ModelRun {
  readonly model: GeneralModel;
  readonly outcome: Outcome;
  /** Runs it again for the states of every layer. */
  withStates(): Promise<Outcome>;
  /** Runs it with an error of float32's size in the weights of the lowest layer. */
  nudged(): Promise<Outcome>;
}

export async function runModel(ort: Ort, model: GeneralModel, tokens: Float64Array): Promise<ModelRun> {
  return {
    model,
    outcome: await outcomeOf(ort, model, tokens, false),
    withStates: () => outcomeOf(ort, model, tokens, true),
    nudged: () => outcomeOf(ort, nudgedModel(model), tokens, false),
  };
}

function nudgedModel(model: GeneralModel): GeneralModel {
  const [lowest, ...others] = model.layers;
  const directions = lowest.directions.map((direction) => ({ ...direction, W: nudged(direction.W) }));
  return { ...model, layers: [{ ...lowest, directions }, ...others] };
}

function nudged(W: Weights): Weights {
  return W.map((value, i) => value * (1 + (i % 2 === 0 ? unitRoundoff : -unitRoundoff)));
}

/** Of a batch of one. */
async function outcomeOf(ort: Ort, model: GeneralModel, tokens: Float64Array, withStates: boolean): Promise<Outcome> {
  const ids = new ort.Tensor('int64', BigInt64Array.from(tokens, BigInt), [tokens.length, 1]);
  const graph = weightlessGraph(model, withStates);
  const weights = Array.from(
    graph.given,
    ([name, { shape, data }]) => [name, new ort.Tensor('float32', data, shape)] as const,
  );
  const session = await Session.of(ort, encodeModel(graph.model));
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

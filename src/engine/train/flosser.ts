/** Adds gradient flossing to the gradient of every so many training steps: over the window of one stream, each time of the next. */
import { readInFloat64, windowOfText } from '../../core/float64/float64Trace';
import { directionsOf, type LayerConfig, type ModelConfig } from '../../core/model/config';
import { eachRole, ofRole } from '../../core/model/directionParameters';
import type { GeneralModel } from '../../core/model/generalModel';
import type { Parameters } from '../../core/model/parameters';
import { generalModelOf } from '../../core/model/plainModel';
import { Random } from '../../core/model/random';
import type { CarriedState } from '../../core/model/tape';
import type { Directions } from '../../core/spectra/flossedDirections';
import { floss, type FlossingGradient } from '../../core/spectra/flossing';
import { orthonormalize } from '../../core/spectra/orthonormal';
import { kindOf } from '../../layers/catalog';
import type { TrainingSettings } from '../../protocol/settings';
import type { Board } from './board';

type FlossingSettings = Pick<TrainingSettings, 'flossing' | 'flossingEvery' | 'flossingExponents'>;

/** Of the directions that are followed. */
const seed = 1;

export class Flosser {
  private readonly starts: readonly (readonly Directions[])[];
  private readonly model: GeneralModel;

  /** @param parameters those that learn, which it reads and adds gradients of */
  constructor(
    private readonly config: ModelConfig,
    parameters: Parameters,
    private readonly settings: FlossingSettings & { readonly flossing: number },
  ) {
    this.model = generalModelOf(config, parameters);
    const random = Random.fromSeed(seed);
    this.starts = config.layers.map((layer) =>
      directionsOf(layer).map(() => startOf(layer, settings.flossingExponents, random)),
    );
  }

  /**
   * After the gradient of a step has been taken, and before its update. Adds nothing at steps between, for a stream of less than two tokens, and where a direction is lost.
   * @param step training steps taken before  @param carried into the window, of the whole batch
   */
  add(gradient: Parameters, board: Board, carried: readonly CarriedState[], steps: number, step: number): void {
    const { flossing, flossingEvery } = this.settings;
    if (step % flossingEvery !== 0) return;
    const stream = (step / flossingEvery) % board.batch;
    const length = Math.min(steps, board.lengths[stream]);
    if (length < 2) return;
    const numbers = board.numbers(steps);
    // Of numbers each row of the window stands for itself.
    const ids = Int32Array.from({ length }, (_, t) => {
      const row = t * board.batch + stream;
      return numbers ? row : board.inputs[row];
    });
    const window = { ...windowOfText(ids), ...(numbers && { numbers }) };
    const found = floss(readInFloat64(this.from(carried, stream), ids, ids, window), this.starts);
    const ofExponents = found.gradient();
    if (ofExponents) addGradient(gradient, this.config, ofExponents, flossing);
  }

  /** The model as it reads this stream. Only the forward direction carries a state. */
  private from(carried: readonly CarriedState[], stream: number): GeneralModel {
    const layers = this.model.layers.map((layer, l) => ({
      ...layer,
      directions: layer.directions.map((direction) => ({
        ...direction,
        initialStates:
          direction.direction === 'forward'
            ? carried
                .filter((state) => state.layer === l)
                .map(({ values, width }) => values.subarray(stream * width, (stream + 1) * width))
            : [],
      })),
    }));
    return { ...this.model, layers };
  }
}

/** Random directions of all states: one that is a unit's own might never leave it. */
function startOf({ cell, hiddenSize }: LayerConfig, exponents: number, random: Random): Directions {
  const numbers = kindOf(cell).states.length * hiddenSize;
  const k = Math.min(exponents, numbers);
  const Q = Float64Array.from({ length: numbers * k }, () => random.normal());
  orthonormalize(Q, numbers, k, new Float64Array(k));
  return { Q, k };
}

function addGradient(to: Parameters, { layers }: ModelConfig, found: FlossingGradient, weight: number): void {
  const add = (out: Float32Array | null | undefined, values: Float64Array | null | undefined) => {
    if (out && values) for (let i = 0; i < out.length; i++) out[i] += weight * values[i];
  };
  layers.forEach(({ cell }, l) => {
    found.layers[l].forEach((own, d) => {
      for (const [{ role }, out] of eachRole(cell, to.layers[l][d])) add(out, ofRole(own, role));
    });
    found.norms[l].forEach((norm, s) => {
      add(to.norms[l][s]?.gamma, norm?.gamma);
      add(to.norms[l][s]?.beta, norm?.beta);
    });
  });
  add(to.embedding, found.embedding);
}

/**
 * Whether float32's roundings matter to a flow, found out by trying others. What an error of a saturated unit grows to on its way no bound of a product of matrices
 * tells closely; the same flow of a model that differs by some roundings does.
 */
import type { PlainModel } from '../../core/model/plainModel';
import { Parameters } from '../../core/model/parameters';
import { Random } from '../../core/model/random';
import { flowsOf, noThresholds, type LayerFlow } from './flows';
import type { FastReading } from './reading';
import type { ReadText } from './readText';

/** Of a number, relative: sixteen roundings of float32, so that what one of them does is seen enlarged. */
const change = 16 * 6e-8;
/** Of log₁₀ ‖∂ℓ/∂h_t‖, by which the changed flow may differ: a tenth of what is shown. A rounding does about a tenth of that again. */
const maxDifference = 1e-3;

/** Of a model that does not change. */
export class Steadiness {
  private changed: PlainModel | null = null;
  private last: { readonly text: ReadText; readonly isSteady: boolean } | null = null;

  /** @param read reads a text with a model; the reading is good until the next call */
  constructor(
    private readonly plain: PlainModel,
    private readonly read: (text: ReadText, model: PlainModel) => Promise<FastReading>,
  ) {}

  /**
   * Whether the flows to some targets of a text stay as they are where every weight, and what the reading keeps, is changed by some roundings. Found out once for a
   * text; afterward the text has been read by the model itself again.
   * @param flows the model's own, for each of the targets
   */
  async of(text: ReadText, targets: readonly number[], flows: readonly (readonly LayerFlow[])[]): Promise<boolean> {
    if (this.last?.text === text) return this.last.isSteady;
    this.changed ??= changedModel(this.plain);
    const changed = await this.read(text, this.changed);
    changed.blur(Random.fromSeed(2), change);
    let isSteady = true;
    for (const [i, target] of targets.entries())
      isSteady &&= areAlike(flows[i], await flowsOf(changed, target, noThresholds));
    await this.read(text, this.plain);
    this.last = { text, isSteady };
    return isSteady;
  }
}

/** The same model, every weight changed by some roundings. */
function changedModel({ config, parameters: { values } }: PlainModel): PlainModel {
  const parameters = new Parameters(config);
  const random = Random.fromSeed(1);
  values.forEach((value, i) => {
    parameters.values[i] = value * (1 + random.between(-change, change));
  });
  return { config, parameters };
}

function areAlike(flows: readonly LayerFlow[], others: readonly LayerFlow[]): boolean {
  return flows.every(({ states }, i) =>
    states.every(({ log10 }, s) => {
      const other = others[i].states[s].log10;
      return log10.every((size, t) => Object.is(size, other[t]) || Math.abs(size - other[t]) < maxDifference);
    }),
  );
}

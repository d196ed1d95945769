/**
 * Whether float32's roundings matter to a flow, found out by trying others. What an error of a saturated unit grows to on its way no bound of a product of matrices
 * tells closely; the same flow of a model that differs by some roundings does.
 */
import type { PlainModel } from '../../core/model/plainModel';
import { Parameters } from '../../core/model/parameters';
import { Random } from '../../core/model/random';
import { flowsOf, type LayerFlow } from './flows';
import type { FastReading } from './reading';

/** Of a number, relative: sixteen roundings of float32, so that what one of them can do is seen as if through a glass. */
const change = 16 * 6e-8;
/** Of log₁₀ ‖∂ℓ/∂h_t‖, by which the changed flow may differ: of what a rounding does, a tenth of this is left, and ten times that is no more than what is shown. */
const maxDifference = 1e-3;
/** Nothing shows the regions. */
const noThresholds = { vanishing: -Infinity, exploding: Infinity };

/** The same model, every weight changed by some roundings. */
export function changedModel({ config, parameters: { values } }: PlainModel): PlainModel {
  const parameters = new Parameters(config);
  const random = Random.fromSeed(1);
  values.forEach((value, i) => {
    parameters.values[i] = value * (1 + random.between(-change, change));
  });
  return { config, parameters };
}

/**
 * Whether flows stay as they are where what a reading keeps is changed by some roundings; the reading is of no use afterward.
 * @param changed a reading of `changedModel`  @param flows of the model itself, for each of the targets
 */
export async function isSteady(
  changed: FastReading,
  targets: readonly number[],
  flows: readonly (readonly LayerFlow[])[],
): Promise<boolean> {
  changed.blur(Random.fromSeed(2), change);
  for (const [i, target] of targets.entries())
    if (!areAlike(flows[i], await flowsOf(changed, target, noThresholds))) return false;
  return true;
}

function areAlike(flows: readonly LayerFlow[], others: readonly LayerFlow[]): boolean {
  return flows.every(({ states }, i) =>
    states.every(({ log10 }, s) => {
      const other = others[i].states[s].log10;
      return log10.every((size, t) => Object.is(size, other[t]) || Math.abs(size - other[t]) < maxDifference);
    }),
  );
}

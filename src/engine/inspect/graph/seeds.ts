/** Where a way back begins: the gradients of what is traced back by the graph's scores. */
import type { Gradients } from '../../../core/graph/backward';
import { Gradient } from '../../../core/graph/gradient';
import type { ScoreRow, ScoresPlace } from '../../../modelFiles/onnx/graphMode/textRun';

/** ∂score/∂ what the graph gives. */
export function scoreSeeds(
  rows: readonly ScoreRow[],
  symbol: number,
  form: ScoresPlace['form'],
): Map<ScoreRow['variable'], Gradient> {
  return new Map(
    rows.map(({ variable, offset, stride }) => {
      const seed = new Float64Array(variable.size);
      const at = offset + symbol * stride;
      seed[at] = form === 'probabilities' ? 1 / variable.tensor.data[at] : 1;
      return [variable, Gradient.of(seed)] as const;
    }),
  );
}

/** Of several targets, one behind the other. */
export function joinedSeeds(ofTargets: readonly Gradients[]): Gradients {
  const variables = new Set(ofTargets.flatMap((seeds) => [...seeds.keys()]));
  return new Map(
    Array.from(variables, (variable) => {
      const parts = ofTargets.map((seeds) => seeds.get(variable));
      return [variable, Gradient.joined(parts, parts.length, variable.size)] as const;
    }),
  );
}

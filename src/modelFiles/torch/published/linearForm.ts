/** The matrices of products in blocks: as `nn.Linear` has them, [out, in], or as transformers' `Conv1D` does, [in, out]. */
import type { Weights } from '../../../core/model/generalModel';
import { UserError } from '../../../userError';
import { transposed } from '../../transposed';
import { impossibleAnswer } from '../answers';
import type { NamedWeights } from './published';
import type { TensorTaker } from './tensors';

export interface LinearForm {
  /** Whether they are those of `Conv1D`. */
  readonly isTransposed: boolean;
  /** As [out, in]. @param shape that too */
  readonly take: (taker: TensorTaker, name: string, shape: readonly number[]) => Weights;
}

/** Those that are not square, with their sizes for each of the width's. */
const telling = { 'attn.c_attn': [3, 1], 'mlp.c_fc': [4, 1], 'mlp.c_proj': [1, 4] } as const;

/**
 * Throws a UserError that asks where the matrices do not agree.
 * @param nameOf of a weight in a layer  @param D the width
 */
export function linearForm(
  { tensors, answers, file }: NamedWeights,
  nameOf: (layer: number, name: string) => string,
  layers: number,
  D: number,
): LinearForm {
  const forms = new Set<boolean>();
  for (let layer = 0; layer < layers; layer++)
    for (const [name, [out, inner]] of Object.entries(telling)) {
      const shape = tensors.get(nameOf(layer, name))?.shape.join();
      if (shape === [inner * D, out * D].join()) forms.add(true);
      else if (shape !== undefined) forms.add(false);
    }
  const said = answers.form;
  if (forms.size > 1 && said !== 'linear' && said !== 'conv1d')
    throw new UserError('error.torch.formUnsaid', file, nameOf(0, 'attn.c_proj')).needing('tensors', [
      'form=linear',
      'form=conv1d',
    ]);
  const [only] = forms;
  if (forms.size === 1 && said !== undefined && said !== (only ? 'conv1d' : 'linear'))
    throw impossibleAnswer('form', said, file);
  const isTransposed = forms.size > 1 ? said === 'conv1d' : forms.has(true);
  return {
    isTransposed,
    take: (taker, name, shape) =>
      isTransposed ? transposed(taker.take(name, [...shape].reverse()), shape[1], shape[0]) : taker.take(name, shape),
  };
}

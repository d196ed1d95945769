/** Whether a model's numbers are numbers: a training that has overflowed, or a file that was damaged, leaves some that are not finite. */
import type { GeneralModel, Norm, Weights } from '../../core/model/generalModel';

/** More names are not worth reading. */
const maxNames = 8;

/** The parameters that have a number that is not finite, by their names as a checkpoint has them; the first of them only. */
export function notFinite({ embedding, layers, norm, output }: GeneralModel): string[] {
  const found = new Set<string>();
  const look = (name: string, values: Weights | null) => {
    if (found.size < maxNames && values && !values.every(Number.isFinite)) found.add(name);
  };
  const lookAtNorm = (name: string, own: Norm | null) => {
    look(`${name}.gamma`, own?.gamma ?? null);
    look(`${name}.beta`, own?.beta ?? null);
  };
  look('embedding', embedding);
  for (const [index, { directions, sublayers }] of layers.entries()) {
    const layer = `layer${index}`;
    for (const { W, R, Wb, Rb, own, peepholes } of directions)
      for (const [role, values] of Object.entries({ W, R, Wb, Rb, ...own, ...(peepholes ? { P: peepholes } : {}) }))
        look(`${layer}.${role}`, values);
    for (const { name, norm: before } of sublayers)
      lookAtNorm(name === '' ? `${layer}.norm` : `${layer}.${name}.norm`, before);
  }
  lookAtNorm('norm', norm);
  look('output.W', output.W);
  look('output.b', output.b);
  return Array.from(found);
}

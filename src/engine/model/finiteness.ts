/** Whether a model's numbers are numbers: a training that has overflowed, or a file that was damaged, leaves some that are not finite. */
import type { GeneralModel } from '../../core/model/generalModel';
import type { Floats } from '../../core/model/trace';
import { parametersOf } from '../../core/nonFinite/parameters';
import type { Tensor } from '../../formats/safetensors';

/** More names are not worth reading. */
const maxNames = 8;

/** The parameters that have a number that is not finite, by the names of `ParameterEntry`; the first of them only. */
export function notFinite(model: GeneralModel): string[] {
  return namesOfBroken(parametersOf(model));
}

/** The same of a file's tensors, by their names there. */
export function tensorsNotFinite(tensors: ReadonlyMap<string, Tensor>): string[] {
  return namesOfBroken(
    Array.from(
      tensors,
      ([name, { data }]) =>
        [name, data instanceof Float32Array || data instanceof Float64Array ? data : noNumbers] as const,
    ),
  );
}

const noNumbers = new Float64Array(0);

function namesOfBroken(named: readonly (readonly [name: string, values: Floats])[]): string[] {
  return named
    .filter(([, values]) => !values.every(Number.isFinite))
    .slice(0, maxNames)
    .map(([name]) => name);
}

/** What convolutions along the text read: the last of it is all that they hand from step to step. */
import type { Step } from '../../../core/graph/step';
import type { Variable } from '../../../core/graph/variable';
import { originOf } from './evidence';
import type { TextRun } from './textRun';

/** Operators that only bring what they read first into the convolution's form. */
const shaping: readonly string[] = [
  'Pad',
  'Transpose',
  'Reshape',
  'Unsqueeze',
  'Squeeze',
  'Identity',
  'Slice',
  'Concat',
];

/**
 * @param series by the tensor that has all of their steps
 * @returns those that a convolution over more than one step reads
 */
export function convolved<T>(
  { tape }: TextRun,
  makers: ReadonlyMap<Variable, Step>,
  depending: ReadonlySet<Variable>,
  series: ReadonlyMap<Variable, T>,
): Set<T> {
  const found = new Set<T>();
  for (const { operator, inputs } of tape.steps) {
    const [read, kernel] = inputs;
    // [output channels, input channels, steps].
    if (operator !== 'Conv' || !read || !kernel || kernel.tensor.shape.slice(2).every((size) => size === 1)) continue;
    for (let each: Variable | undefined = read; each;) {
      const origin: Variable = originOf(each, makers);
      const own = series.get(origin) ?? series.get(each);
      if (own !== undefined) {
        found.add(own);
        break;
      }
      const maker: Step | undefined = makers.get(origin);
      each =
        maker && shaping.includes(maker.operator)
          ? maker.inputs.find((input) => input !== undefined && depending.has(input))
          : undefined;
    }
  }
  return found;
}

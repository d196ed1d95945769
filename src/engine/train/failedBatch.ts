/** The batch of a training step whose loss or gradient was not finite: all that the step was computed from, to be looked into and kept beside the run. */
import { fillDropout } from '../../core/forward/dropout';
import type { Float64Window } from '../../core/float64/float64Trace';
import type { GeneralModel } from '../../core/model/generalModel';
import type { ModelConfig } from '../../core/model/config';
import type { NumberRows } from '../../core/model/numberRows';
import type { Parameters } from '../../core/model/parameters';
import type { CarriedState } from '../../core/model/tape';
import { encodeSafetensors, type Tensor } from '../../formats/safetensors';
import { kindOf } from '../../layers/catalog';
import type { DropoutOrder } from './share';

export interface FailedBatch {
  readonly config: ModelConfig;
  /** As they were before the step, and are after it. */
  readonly parameters: Parameters;
  /** T of this window, the most there can be, and B. */
  readonly steps: number;
  readonly maxSteps: number;
  readonly batch: number;
  /** T × B: what was read, −1 in padding, and what was to be predicted, −1 for nothing; and steps of each stream. */
  readonly inputs: Int32Array;
  readonly targets: Int32Array;
  readonly lengths: Int32Array;
  /** What was carried into the window, B × width each. */
  readonly carried: readonly CarriedState[];
  /** Of a model of numbers what was read and what was to be predicted in each row of the window, T × B; null of one of tokens. */
  readonly numbers: NumberRows | null;
  /** n. */
  readonly predicted: number;
  /** k2, or 0. */
  readonly truncation: number;
  readonly dropout: DropoutOrder | null;
}

/** One of its streams, in the form that is read in float64. */
export interface StreamWindow {
  /** Ids of its own steps, without padding. */
  readonly inputs: Int32Array;
  readonly targets: Int32Array;
  readonly window: Float64Window;
}

/** By stream. @param model of the batch's parameters */
export function streamWindows(batch: FailedBatch, model: GeneralModel): (stream: number) => StreamWindow {
  const {
    config,
    steps,
    maxSteps,
    batch: B,
    inputs,
    targets,
    lengths,
    carried,
    predicted,
    truncation,
    numbers,
  } = batch;
  const masks = dropoutMasks(batch, model);
  return (b) => {
    const T = Math.min(steps, lengths[b]);
    const own = (values: Int32Array) =>
      Int32Array.from({ length: T }, (_, t) => {
        const row = t * B + b;
        // Of numbers each row stands for itself.
        return numbers && values[row] >= 0 ? row : values[row];
      });
    const states = config.layers.map(({ cell }, layer) =>
      kindOf(cell).states.map(({ name }) => {
        const state = carried.find((each) => each.layer === layer && each.name === name);
        return state ? state.values.subarray(b * state.width, (b + 1) * state.width) : null;
      }),
    );
    const dropout = masks.map(({ sublayers }) =>
      sublayers.map(({ dropout: mask }) => {
        const width = mask ? mask.length / (maxSteps * B) : 0;
        return (
          mask &&
          Float32Array.from(
            { length: T * width },
            (_, i) => mask[(Math.floor(i / width) * B + b) * width + (i % width)],
          )
        );
      }),
    );
    return {
      inputs: own(inputs),
      targets: own(targets),
      window: { carried: states, dropout, predicted, truncation, ...(numbers && { numbers }) },
    };
  };
}

/** As the step had drawn them: of all sublayers but the last. */
function dropoutMasks({ dropout, maxSteps, batch }: FailedBatch, { layers }: GeneralModel) {
  const masks = layers.map(({ sublayers, directions, hiddenSize }, layer) => ({
    sublayers: sublayers.map((_, s) => {
      const isLast = layer === layers.length - 1 && s === sublayers.length - 1;
      const width = directions.length * hiddenSize;
      return { dropout: dropout && !isLast ? new Float32Array(maxSteps * batch * width) : null };
    }),
  }));
  if (dropout) fillDropout({ layers: masks, batch, maxSteps }, dropout.probability, dropout.seed, dropout.step);
  return masks;
}

/** As a file: `inputs` and `targets` [T, B], of a model of numbers what they stand for too, `inputNumbers` [T, B, I] and `targetNumbers` [T, B, V]; `lengths` [B], `state.LAYER.NAME` [B, width] and every parameter by its name. @param metadata further facts */
export function encodeFailedBatch(
  { parameters, steps, batch, inputs, targets, lengths, carried, predicted, truncation, dropout, numbers }: FailedBatch,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const whole = (data: Int32Array, shape: readonly number[]): Tensor => ({ dtype: 'I32', shape, data });
  const floats = (data: Float32Array, shape: readonly number[]): Tensor => ({ dtype: 'F32', shape, data });
  const tensors = new Map<string, Tensor>([
    ['inputs', whole(inputs, [steps, batch])],
    ['targets', whole(targets, [steps, batch])],
    ...(numbers
      ? ([
          ['inputNumbers', floats(Float32Array.from(numbers.inputs), [steps, batch, numbers.inputSize])],
          ['targetNumbers', floats(Float32Array.from(numbers.targets), [steps, batch, numbers.outputSize])],
        ] as const)
      : []),
    ['lengths', whole(lengths, [batch])],
    ...carried.map(({ layer, name, width, values }): [string, Tensor] => [
      `state.${layer}.${name}`,
      floats(values, [batch, width]),
    ]),
    ...parameters.layout.entries.map((entry): [string, Tensor] => [
      entry.name,
      floats(parameters.view(entry), entry.shape),
    ]),
  ]);
  const facts = { predicted, truncation, ...(dropout && { dropout: dropout.probability }) };
  return encodeSafetensors(tensors, {
    ...Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, String(value)])),
    ...metadata,
  });
}

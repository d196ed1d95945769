/** The engine's models made of the stacks' vectors. */
import { uniformModel, type ModelConfig } from '../../../src/core/model/config';
import { Parameters } from '../../../src/core/model/parameters';
import { assertClose } from '../../reference/compare';
import {
  listStackParameters,
  type StackParameters,
  type StackShape,
  type StackWindow,
} from '../../reference/stackVectors';
import type { Bench } from './models';

export function configOfStack(stack: Omit<StackShape, 'truncation'>): ModelConfig {
  return uniformModel({
    cell: stack.cell,
    activation: stack.activation,
    layers: stack.layers,
    bidirectional: stack.directions === 2,
    options: {},
    hiddenSize: stack.hidden,
    vocabularySize: stack.vocabulary,
    embeddingSize: stack.embedding,
    tied: stack.tied,
    objective: 'next',
  });
}

/** The same numbers: the vectors' parameters are float32 already. */
export function parametersOfStack(config: ModelConfig, source: StackParameters): Parameters {
  const parameters = new Parameters(config);
  const views = viewsOf(parameters);
  for (const { name, values } of listStackParameters(source)) views.get(name)!.set(values);
  return parameters;
}

/** Fails unless every gradient is within `tolerance` of its largest entry. */
export function assertStackParameters(actual: Parameters, expected: StackParameters, tolerance: number): void {
  const views = viewsOf(actual);
  for (const { name, values } of listStackParameters(expected)) assertClose(views.get(name)!, values, tolerance, name);
}

/** By the names of `listStackParameters`. */
function viewsOf({ layers, embedding, output }: Parameters): ReadonlyMap<string, Float32Array> {
  const views = new Map([
    ['output W', output.W],
    ['output b', output.b],
  ]);
  if (embedding) views.set('embedding', embedding);
  layers.forEach((directions, l) =>
    directions.forEach((of, d) =>
      (['W', 'R', 'Wb', 'Rb'] as const).forEach((role) => views.set(`${role} of layer ${l}, direction ${d}`, of[role])),
    ),
  );
  return views;
}

/** Puts a window on the tape, the state carried in left as it is. */
export function loadWindow({ tape }: Bench, { inputs, targets, lengths, masks }: StackWindow): void {
  tape.inputs.set(inputs);
  tape.targets.set(targets);
  tape.lengths.set(lengths);
  tape.resize(inputs.length / lengths.length);
  masks?.forEach((mask, l) => tape.layers[l].sublayers[0].dropout!.set(mask));
}

/** One stream of a window, without its padding. */
export function streamOf({ inputs, targets, lengths, loss }: StackWindow, stream: number): StackWindow {
  const own = (ids: readonly number[]) =>
    Array.from({ length: lengths[stream] }, (_, t) => ids[t * lengths.length + stream]);
  return { inputs: own(inputs), targets: own(targets), lengths: [lengths[stream]], masks: null, loss };
}

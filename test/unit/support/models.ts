/** Models and backends for tests of the engine's mathematics. */
import { ItemisedGradient } from '../../../src/core/analysis/itemised';
import { Backward } from '../../../src/core/backward/bptt';
import { kernelProducts } from '../../../src/core/backward/products';
import type { ModelConfig } from '../../../src/core/model/config';
import { KernelForward } from '../../../src/core/model/kernelForward';
import { initialise } from '../../../src/core/model/initialise';
import { Parameters } from '../../../src/core/model/parameters';
import { Random } from '../../../src/core/model/random';
import { Tape } from '../../../src/core/model/tape';
import type { Backend } from '../../../src/engine/backend';
import { OrtForward, OrtProducts } from '../../../src/engine/forward/ortForward';
import { hiddenSizeOf, vocabularySizeOf, type ReferenceModel, type ReferenceParameters } from '../../reference/model';

export function configOf(model: ReferenceModel): ModelConfig {
  return {
    cell: model.cell,
    activation: model.activation,
    layers: model.layers.length,
    hiddenSize: hiddenSizeOf(model),
    vocabularySize: vocabularySizeOf(model),
  };
}

/** The reference's float64 parameters, rounded to float32. */
export function parametersOf(config: ModelConfig, source: ReferenceParameters): Parameters {
  const parameters = new Parameters(config);
  source.layers.forEach((layer, l) => {
    for (const role of ['W', 'R', 'Wb', 'Rb'] as const) parameters.layers[l][role].set(layer[role]);
  });
  parameters.output.W.set(source.output.W);
  parameters.output.b.set(source.output.b);
  return parameters;
}

export const backendNames = ['ort', 'wasm'] as const;

export async function backendFor(name: (typeof backendNames)[number], config: ModelConfig, parameters: Parameters, batch: number): Promise<Backend> {
  if (name === 'wasm') return { name, forward: new KernelForward(config, parameters, batch), products: kernelProducts };
  return { name, forward: await OrtForward.create(config, parameters, 1), products: await OrtProducts.create(1) };
}

/** A tape with room for everything that works on one. */
export function inspectionTape(config: ModelConfig, steps: number, batch: number): Tape {
  return new Tape(config, steps, batch, [...Backward.lengths(config, steps, batch), ...ItemisedGradient.lengths(config)]);
}

/** A tape of one stream that holds the forward pass over `ids`, targets one behind, from the zero state. */
export async function readProbe(config: ModelConfig, backend: Backend, ids: readonly number[]): Promise<Tape> {
  const tape = inspectionTape(config, ids.length - 1, 1);
  tape.inputs.set(ids.slice(0, -1));
  tape.targets.set(ids.slice(1));
  await backend.forward.run(tape);
  return tape;
}

/** A model with PyTorch's initialisation, and a text for it, from one seed. */
export function randomModel(config: ModelConfig, seed: number, tokens: number): { parameters: Parameters; ids: number[] } {
  const random = Random.fromSeed(seed);
  const parameters = initialise(config, random);
  return { parameters, ids: Array.from({ length: tokens }, () => Math.floor(random.between(0, config.vocabularySize))) };
}

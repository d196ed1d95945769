/** Models with room to read, for tests of the engine's mathematics. */
import { InputGradient } from '../../../src/core/analysis/inputGradient';
import { PerTargetGradient } from '../../../src/core/analysis/perTarget';
import { TargetMatrix } from '../../../src/core/analysis/targetMatrix';
import { plainStack, uniformModel, type ModelConfig } from '../../../src/core/model/config';
import { initialize } from '../../../src/core/model/initialize';
import { Parameters } from '../../../src/core/model/parameters';
import { Random } from '../../../src/core/model/random';
import type { TapeSettings } from '../../../src/core/model/tape';
import { makeLearningNetwork, type LearningNetwork } from '../../../src/core/network';
import { optimizerOf } from '../../../src/core/optimize/registry';
import type { Optimizer, OptimizerSettings } from '../../../src/core/optimize/optimizer';
import { createBackend } from '../../../src/engine/backend';
import { hiddenSizeOf, vocabularySizeOf, type ReferenceModel, type ReferenceParameters } from '../../reference/model';

export function configOf(model: ReferenceModel): ModelConfig {
  return uniformModel({
    ...plainStack,
    cell: model.cell,
    activation: model.activation,
    layers: model.layers.length,
    hiddenSize: hiddenSizeOf(model),
    vocabularySize: vocabularySizeOf(model),
  });
}

/** The reference's float64 parameters, rounded to float32. */
export function parametersOf(config: ModelConfig, source: ReferenceParameters): Parameters {
  const parameters = new Parameters(config);
  source.layers.forEach((layer, l) => {
    for (const role of ['W', 'R', 'Wb', 'Rb'] as const) parameters.layers[l][0][role].set(layer[role]);
  });
  parameters.output.W.set(source.output.W);
  parameters.output.b.set(source.output.b);
  return parameters;
}

export const backendNames = ['ort', 'wasm'] as const;
export type TestBackend = (typeof backendNames)[number];

/** A model and everything that works on it. */
export interface Bench extends LearningNetwork {
  readonly perTarget: PerTargetGradient;
  readonly input: InputGradient;
  readonly matrix: TargetMatrix;
  readonly optimizer: Optimizer;
}

const adam: OptimizerSettings = { optimizer: 'adam', momentum: 0, nesterov: false, weightDecay: null };

/** @param parameters are copied */
export async function benchFor(
  backend: TestBackend,
  config: ModelConfig,
  parameters: Parameters,
  settings: TapeSettings,
  optimizer = adam,
  threads = 1,
): Promise<Bench> {
  const made = await createBackend({ backend, threads }, 1, Infinity);
  const bench = made.build(settings.batch, (arena, products) => {
    const network = makeLearningNetwork(arena, config, settings, products);
    const { tape, parameters: values } = network;
    return {
      ...network,
      perTarget: new PerTargetGradient(tape, values, products),
      input: new InputGradient(tape, values, products),
      matrix: new TargetMatrix(tape, values, products),
      optimizer: optimizerOf(optimizer, values.layout.length, arena),
    };
  });
  bench.parameters.values.set(parameters.values);
  return bench;
}

/** One stream that holds the forward pass over `ids`, targets one behind, from the zero state. */
export async function readProbe(
  backend: TestBackend,
  config: ModelConfig,
  parameters: Parameters,
  ids: readonly number[],
): Promise<Bench> {
  const bench = await benchFor(backend, config, parameters, { steps: ids.length - 1, batch: 1 });
  bench.tape.inputs.set(ids.slice(0, -1));
  bench.tape.targets.set(ids.slice(1));
  await bench.forward.run();
  return bench;
}

/** A model with PyTorch's initialization, and a text for it, from one seed. */
export function randomModel(
  config: ModelConfig,
  seed: number,
  tokens: number,
): { parameters: Parameters; ids: number[] } {
  const random = Random.fromSeed(seed);
  const parameters = initialize(config, random);
  return {
    parameters,
    ids: Array.from({ length: tokens }, () => Math.floor(random.between(0, config.vocabularySize))),
  };
}

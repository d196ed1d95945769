/** A model with room to read windows of some size: parameters, tape and passes, all in one arena. */
import type { Arena } from '../kernels/arena';
import { Backward } from './backward/bptt';
import { Forward } from './forward/forward';
import type { ModelConfig } from './model/config';
import { layoutOf, Parameters } from './model/parameters';
import { Tape, type TapeSettings } from './model/tape';
import type { Products } from './products';

export interface Network {
  readonly parameters: Parameters;
  readonly tape: Tape;
  readonly forward: Forward;
}

export interface LearningNetwork extends Network {
  readonly backward: Backward;
}

/** To be called by `Arena.build`; its parameters are zero. */
export function makeNetwork(arena: Arena, config: ModelConfig, settings: TapeSettings, products: Products): Network {
  const parameters = parametersIn(arena, config);
  const tape = new Tape(arena, config, settings, products);
  return { parameters, tape, forward: new Forward(tape, parameters, products) };
}

/** The same with a backward pass. */
export function makeLearningNetwork(
  arena: Arena,
  config: ModelConfig,
  settings: TapeSettings,
  products: Products,
): LearningNetwork {
  const { parameters, tape, forward } = makeNetwork(arena, config, { ...settings, learns: true }, products);
  const backward = new Backward(tape, parameters, parametersIn(arena, config), products);
  return { parameters, tape, forward, backward };
}

function parametersIn(arena: Arena, config: ModelConfig): Parameters {
  return new Parameters(config, arena.floats(layoutOf(config).length));
}

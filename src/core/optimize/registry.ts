/** All optimizers. A new one is its file and one line here. */
import type { Arena } from '../../kernels/arena';
import type { OptimizerName } from '../../terms/choices';
import { UserError } from '../../userError';
import { Adagrad } from './adagrad';
import { Adam } from './adam';
import type { Optimizer, OptimizerSettings } from './optimizer';
import { RmsProp } from './rmsProp';
import { Sgd } from './sgd';

const optimizers: Readonly<
  Record<OptimizerName, (settings: OptimizerSettings, length: number, arena: Arena) => Optimizer>
> = {
  sgd: ({ momentum, nesterov, weightDecay }, length) => new Sgd(momentum, nesterov, weightDecay ?? 0, length),
  rmsprop: ({ momentum, weightDecay }, length) => new RmsProp(momentum, weightDecay ?? 0, length),
  adagrad: ({ weightDecay }, length) => new Adagrad(weightDecay ?? 0, length),
  adam: ({ weightDecay }, length, arena) => new Adam(weightDecay ?? 0, false, length, arena),
  adamw: ({ weightDecay }, length, arena) => new Adam(weightDecay ?? Adam.decoupledWeightDecay, true, length, arena),
};

/** An optimizer of `length` parameters in `arena`, before its first step. The settings must have passed `checkOptimizer`. */
export function optimizerOf(settings: OptimizerSettings, length: number, arena: Arena): Optimizer {
  return optimizers[settings.optimizer](settings, length, arena);
}

/** Throws a UserError where a setting cannot be used. */
export function checkOptimizer({ optimizer, momentum, nesterov, weightDecay }: OptimizerSettings): void {
  if (!Object.hasOwn(optimizers, optimizer)) {
    throw new UserError('error.setting.optimizerUnknown', optimizer);
  }
  if (!(momentum >= 0 && momentum < 1)) {
    throw new UserError('error.setting.momentum', String(momentum));
  }
  if (optimizer === 'sgd' && nesterov && momentum === 0) {
    throw new UserError('error.setting.nesterovWithoutMomentum');
  }
  if (weightDecay !== null && !(weightDecay >= 0 && Number.isFinite(weightDecay))) {
    throw new UserError('error.setting.weightDecay', String(weightDecay));
  }
}

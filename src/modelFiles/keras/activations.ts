/** Keras' activations by their names, as ONNX's recurrent operators have them. */
import type { ActivationForm } from '../../core/model/generalModel';

const plain: Readonly<Record<string, Omit<ActivationForm, 'beta'> & { readonly beta?: number }>> = {
  tanh: { name: 'tanh', alpha: 1 },
  sigmoid: { name: 'sigmoid', alpha: 1 },
  relu: { name: 'relu', alpha: 1 },
  linear: { name: 'affine', alpha: 1, beta: 0 },
  elu: { name: 'elu', alpha: 1 },
  softplus: { name: 'softplus', alpha: 1 },
  softsign: { name: 'softsign', alpha: 1 },
  leaky_relu: { name: 'leakyrelu', alpha: 0.2 },
};

/** @param said as the configuration has it  @param version of Keras: 2 and 3 mean different slopes by `hard_sigmoid`  Null where no form of ours is that. */
export function activationForm(said: unknown, version: number): ActivationForm | null {
  if (said === null) return { name: 'affine', alpha: 1, beta: 0 };
  if (typeof said !== 'string') return null;
  if (said === 'hard_sigmoid') return { name: 'hardsigmoid', alpha: version < 3 ? 0.2 : 1 / 6, beta: 0.5 };
  const form = Object.hasOwn(plain, said) ? plain[said] : null;
  return form && { beta: 1, ...form };
}

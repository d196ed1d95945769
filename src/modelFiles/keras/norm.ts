/** Keras' norms over the features of a step. */
import type { Norm, Weights } from '../../core/model/generalModel';
import { UserError } from '../../userError';
import type { KerasLayer } from './config';
import { checkShapes, type KerasWeights } from './weights';

const kinds: Readonly<Record<string, Norm['kind']>> = { LayerNormalization: 'layerNorm', RMSNormalization: 'rmsNorm' };

export function isNorm(className: string): boolean {
  return Object.hasOwn(kinds, className);
}

/** @param keras one of which `isNorm` says so  @param size features of a step  Throws a UserError for one over anything else, or of another formula. */
export function normOf(keras: KerasLayer, size: number, weights: KerasWeights, file: string): Norm {
  const { className, config } = keras;
  const kind = kinds[className];
  const { axis = -1, epsilon = kind === 'layerNorm' ? 1e-3 : 1e-6 } = config;
  const axes = Array.isArray(axis) ? (axis as readonly unknown[]) : [axis];
  // The last of [batch, time, features].
  const isLast = axes.length === 1 && (axes[0] === -1 || axes[0] === 2);
  if (!isLast || config['rms_scaling'] === true || typeof epsilon !== 'number')
    throw new UserError('error.keras.layerUnknown', file, keras.name, className);
  const hasScale = kind === 'rmsNorm' || config['scale'] !== false;
  const hasCenter = kind === 'layerNorm' && config['center'] !== false;
  const present = [hasScale, hasCenter].filter(Boolean);
  const arrays = present.length > 0 ? weights.of(keras, 'own') : [];
  checkShapes(
    arrays,
    present.map(() => [size]),
    keras,
    file,
  );
  const read = arrays.map((array) => array.read());
  const ones = new Float32Array(size).fill(1);
  return {
    kind,
    gamma: hasScale ? read[0] : ones,
    beta: kind === 'rmsNorm' ? new Float32Array(0) : hasCenter ? (read.at(-1) as Weights) : new Float32Array(size),
    epsilon,
  };
}

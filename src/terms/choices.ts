/** What can be chosen for a training run, by name. The first place for a new name: whatever offers, checks or reads one uses these lists. */

/** Of a stack: enough that gradients can be seen to vanish in depth too. */
export const maxLayers = 24;

/** Of a layer. */
export const maxHiddenSize = 4096;

/** Lyapunov exponents of each layer that gradient flossing can be of. */
export const maxFlossed = 1024;

/** What the model predicts: each next token, tokens that are masked in what it reads, or the numbers behind a sequence of numbers, by their squared error. */
export const objectives = ['next', 'masked', 'squaredError'] as const;
export type ObjectiveName = (typeof objectives)[number];

/** Whether a model with this objective reads and predicts numbers; else tokens. */
export function isOfNumbers(objective: ObjectiveName): boolean {
  return objective === 'squaredError';
}

/** What can be done to the weights of a run that is branched off: see src/core/model/weightChange.ts. */
export const weightChanges = ['restartR', 'raiseForgetBias'] as const;
export type WeightChange = (typeof weightChanges)[number];

export const initializations = ['pytorch', 'xavier', 'orthogonal', 'identity', 'gaussian'] as const;
export type InitializationName = (typeof initializations)[number];

export const optimizers = ['sgd', 'rmsprop', 'adagrad', 'adam', 'adamw'] as const;
export type OptimizerName = (typeof optimizers)[number];

export const schedules = ['constant', 'cosine', 'step'] as const;
export type ScheduleName = (typeof schedules)[number];

/** What can be chosen for a layer whose kind leaves its activation open. */
export const activations = ['tanh', 'relu'] as const;
export type Activation = (typeof activations)[number];

export function isActivation(value: unknown): value is Activation {
  return activations.some((activation) => activation === value);
}

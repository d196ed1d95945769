/**
 * What can stand before a layer, over the I numbers of each step:
 *   layerNorm  y = γ ⊙ (x − mean x) / √(variance of x + ε) + β   (Ba, Kiros & Hinton 2016, arXiv:1607.06450)
 *   rmsNorm    y = γ ⊙ x / √(mean x² + ε)                        (Zhang & Sennrich 2019, arXiv:1910.07467)
 */
export const norms = ['none', 'layerNorm', 'rmsNorm'] as const;
export type NormName = (typeof norms)[number];
/** A norm that is there. */
export type NormKind = Exclude<NormName, 'none'>;

/** ε of both: that of `nn.LayerNorm` and of `transformers`' Mamba. */
export const normEpsilon = 1e-5;

/** Its parameters, one number for each feature, in the order of files, and what they begin as. */
export const normParameters: Readonly<
  Record<NormKind, readonly { readonly role: NormRole; readonly first: number }[]>
> = {
  layerNorm: [
    { role: 'gamma', first: 1 },
    { role: 'beta', first: 0 },
  ],
  rmsNorm: [{ role: 'gamma', first: 1 }],
};

export type NormRole = 'gamma' | 'beta';

/** @param features that it is over */
export function normParameterCount(norm: NormName, features: number): number {
  return norm === 'none' ? 0 : normParameters[norm].length * features;
}

export function isNormName(value: unknown): value is NormName {
  return norms.some((norm) => norm === value);
}

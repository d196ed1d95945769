/** What the flow's numbers are, exactly. */
import type { Explanation } from '../../shared/sectionFrame';

const ofOneTarget: Explanation = [
  'panel.flow.explained',
  { formula: 'r_t = log_{10} ( ‖∂ℓ_τ/∂h_t‖ / ‖∂ℓ_τ/∂h_τ‖ )' },
  'panel.flow.explainedHorizon',
  { formula: 'horizon = min { lag : r_{τ−lag} < v }' },
  'panel.flow.explainedSlope',
  { formula: 'slope = mean ln ( ‖∂ℓ_τ/∂h_t‖ / ‖∂ℓ_τ/∂h_{t+1}‖ )' },
];

const ofInputs: Explanation = ['panel.flow.explainedInput', { formula: 'δ^{(l)}_t = ∂ℓ_τ/∂x^{(l)}_t, l = 0 … N' }];

const ofLevels: Explanation = [
  'panel.flow.explainedLevel',
  { formula: 'level = mean r_{τ−k}, if | b | (K − 1) < ⅓ | v | ln 10' },
];

/** Where the input gradient can be shown too. */
export const explained: Explanation = [...ofOneTarget, ...ofInputs, ...ofLevels];

/** Where there are only series of states and tensors. */
export const explainedOfTensors: Explanation = [...ofOneTarget, ...ofLevels];

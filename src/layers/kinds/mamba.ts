/**
 * The selective state space layer (Gu & Dao 2023, arXiv:2312.00752), with E = expand · H channels of S numbers each, rank R and a causal convolution over K steps:
 *   (u, z) = W_in x_t,  v = φ(conv(u) + b_conv),  (d, B, C) = W_x v,  Δ = softplus(W_dt d + b_dt),  A = −exp(A_log)
 *   h_t = exp(Δ A) ⊙ h_{t−1} + (Δ ⊙ v) Bᵀ,   y_t = W_out ((h_t C + D ⊙ v) ⊙ φ(z)),   φ(x) = x σ(x)
 * Shapes, names and first values are those of `transformers`' MambaMixer.
 */
import { mixer } from '../mixer';
import { isOptionOn, numberOption } from '../options';
import { always, normalWith, uniformWithin, type FirstValue, type LayerSizes } from '../parameters';

/** What `transformers` calls initializer_range: of the embedding, W_in and W_x. */
const deviation = 0.1;
/** Step sizes begin between these two, evenly in their logarithm. */
const firstSteps = { least: 1e-3, greatest: 1e-1 } as const;
/** Inputs of one step size: with a rank of ⌈H / 16⌉, which 0 stands for. */
const widthPerRank = 16;

/** E. */
export function channelsOf({ hidden, options }: LayerSizes): number {
  return numberOption(options, 'expand') * hidden;
}

/** R. */
export function rankOf({ hidden, options }: LayerSizes): number {
  const chosen = numberOption(options, 'rank');
  return chosen === 0 ? Math.ceil(hidden / widthPerRank) : chosen;
}

const stateSize = ({ options }: LayerSizes) => numberOption(options, 'stateSize');
const convolution = ({ options }: LayerSizes) => numberOption(options, 'convolution');
const hasBiases = ({ options }: LayerSizes) => isOptionOn(options, 'projectionBiases');

/** E·S. */
const scanWidth = (sizes: LayerSizes) => channelsOf(sizes) * stateSize(sizes);

/** softplus⁻¹ of a step size that is log-uniform between the two: x + ln(1 − e^−x). */
const firstStepBias: FirstValue = (random) => {
  const { least, greatest } = firstSteps;
  const step = least * (greatest / least) ** random.uniform();
  return step + Math.log(-Math.expm1(-step));
};

const whole = { type: 'number', min: 1, isWhole: true } as const;

export const mamba = mixer({
  name: 'mamba',
  label: 'Mamba',
  title: 'cell.mamba.title',
  path: 'panel.path.decay',
  equations: [
    '(u, z) = W_{in} x_t',
    'v = φ(conv(u) + b_{conv}), φ(x) = x σ(x)',
    '(d, B, C) = W_x v',
    'Δ = ln(1 + exp(W_{dt} d + b_{dt}))',
    'A = −exp(A_{log})',
    'h_t = exp(ΔA) ⊙ h_{t−1} + (Δ ⊙ v) B^T',
    'y_t = W_{out} ((h_t C + D ⊙ v) ⊙ φ(z))',
  ],
  heldFixed: 'hover.selectionHeldFixed',
  parameters: [
    {
      role: 'W_in',
      shape: (sizes) => [2 * channelsOf(sizes), sizes.input],
      initialization: { first: () => normalWith(deviation) },
      tensor: 'W_in',
      torch: 'in_proj.weight',
    },
    {
      role: 'b_in',
      shape: (sizes) => (hasBiases(sizes) ? [2 * channelsOf(sizes)] : null),
      initialization: { first: () => always(0) },
      tensor: 'b_in',
      torch: 'in_proj.bias',
    },
    {
      role: 'W_conv',
      shape: (sizes) => [channelsOf(sizes), convolution(sizes)],
      initialization: { first: (sizes) => uniformWithin(1 / Math.sqrt(convolution(sizes))) },
      tensor: 'W_conv',
      torch: 'conv1d.weight',
    },
    {
      role: 'b_conv',
      shape: (sizes) => [channelsOf(sizes)],
      initialization: { first: () => always(0) },
      tensor: 'b_conv',
      torch: 'conv1d.bias',
    },
    {
      role: 'W_x',
      shape: (sizes) => [rankOf(sizes) + 2 * stateSize(sizes), channelsOf(sizes)],
      initialization: { first: () => normalWith(deviation) },
      tensor: 'W_x',
      torch: 'x_proj.weight',
    },
    {
      role: 'W_dt',
      shape: (sizes) => [channelsOf(sizes), rankOf(sizes)],
      initialization: { first: (sizes) => uniformWithin(1 / Math.sqrt(rankOf(sizes))) },
      tensor: 'W_dt',
      torch: 'dt_proj.weight',
    },
    {
      role: 'b_dt',
      shape: (sizes) => [channelsOf(sizes)],
      initialization: { first: () => firstStepBias },
      tensor: 'b_dt',
      torch: 'dt_proj.bias',
    },
    {
      role: 'A_log',
      shape: (sizes) => [channelsOf(sizes), stateSize(sizes)],
      initialization: { first: (sizes) => (_, index) => Math.log((index % stateSize(sizes)) + 1) },
      tensor: 'A_log',
      torch: 'A_log',
    },
    {
      role: 'D',
      shape: (sizes) => [channelsOf(sizes)],
      initialization: { first: () => always(1) },
      tensor: 'D',
      torch: 'D',
    },
    {
      role: 'W_out',
      shape: (sizes) => [sizes.hidden, channelsOf(sizes)],
      initialization: { first: (sizes) => uniformWithin(1 / Math.sqrt(channelsOf(sizes))) },
      tensor: 'W_out',
      torch: 'out_proj.weight',
    },
    {
      role: 'b_out',
      shape: (sizes) => (hasBiases(sizes) ? [sizes.hidden] : null),
      initialization: { first: () => always(0) },
      tensor: 'b_out',
      torch: 'out_proj.bias',
    },
  ],
  states: [
    {
      name: 'scan',
      symbol: 'h',
      short: 'state.scan',
      unitMap: 'scan',
      width: scanWidth,
    },
    {
      name: 'convolution',
      symbol: 'conv',
      short: 'state.convolution',
      unitMap: 'convolved',
      width: (sizes) => channelsOf(sizes) * (convolution(sizes) - 1),
    },
  ],
  unitMaps: [
    { name: 'stepSize', label: 'unitMap.stepSize', symbol: 'Δ', range: 'unbounded', units: channelsOf },
    { name: 'decay', label: 'unitMap.decay', symbol: 'exp(ΔA)', range: 'share', keeps: true, units: scanWidth },
    { name: 'scan', label: 'unitMap.scan', symbol: 'h', range: 'unbounded', units: scanWidth },
    { name: 'convolved', label: 'unitMap.convolved', symbol: 'u', range: 'unbounded', units: channelsOf },
  ],
  options: [
    { ...whole, name: 'stateSize', help: 'option.stateSize.help', default: 16, max: 256 },
    { ...whole, name: 'expand', help: 'option.expand.help', default: 2, max: 8 },
    { ...whole, name: 'convolution', help: 'option.convolution.help', default: 4, min: 2, max: 16 },
    { ...whole, name: 'rank', help: 'option.rank.help', default: 0, min: 0, max: 4096 },
    { type: 'switch', name: 'projectionBiases', help: 'option.projectionBiases.help', default: false },
  ],
  sublayers: () => [{ name: '', states: ['scan', 'convolution'] }],
  context: () => null,
  check: () => {},
  surroundings: { norm: 'rmsNorm', finalNorm: 'rmsNorm', residual: true },
  widthStep: () => 1,
  deviationAround: deviation,
  notApplicable: {},
});

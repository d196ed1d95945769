/**
 * The selective state space layer (Gu & Dao 2023, arXiv:2312.00752), with E = expand · H channels of S numbers each, rank R and a causal convolution over K steps:
 *   (u, z) = W_in x_t,  v = φ(conv(u) + b_conv),  (d, B, C) = W_x v,  Δ = softplus(W_dt d + b_dt),  A = −exp(A_log)
 *   h_t = exp(Δ A) ⊙ h_{t−1} + (Δ ⊙ v) Bᵀ,   y_t = W_out ((h_t C + D ⊙ v) ⊙ φ(z)),   φ(x) = x σ(x)
 * Shapes, names and first values are those of `transformers`' MambaMixer.
 */
import { mixer } from '../mixer';
import { isOptionOn, numberOption } from '../options';
import {
  choiceAt,
  numberAt,
  scale,
  selectivityControl,
  type ChoiceControl,
  type ControlValues,
  type SliderControl,
} from '../playground';
import { always, normalWith, uniformWithin, type FirstValue, type LayerSizes, type UnitSizes } from '../parameters';

/** What `transformers` calls initializer_range: of the embedding, W_in and W_x. */
const deviation = 0.1;
/** Step sizes begin between these two, evenly in their logarithm. */
const firstSteps = { least: 1e-3, greatest: 1e-1 } as const;
/** Inputs of one step size: with a rank of ⌈H / 16⌉, which 0 stands for. */
const widthPerRank = 16;

/** E. */
export function channelsOf({ hidden, options }: UnitSizes): number {
  return numberOption(options, 'expand') * hidden;
}

/** R. */
export function rankOf({ hidden, options }: LayerSizes): number {
  const chosen = numberOption(options, 'rank');
  return chosen === 0 ? Math.ceil(hidden / widthPerRank) : chosen;
}

const stateSize = ({ options }: UnitSizes) => numberOption(options, 'stateSize');
const convolution = ({ options }: UnitSizes) => numberOption(options, 'convolution');
const hasBiases = ({ options }: LayerSizes) => isOptionOn(options, 'projectionBiases');

/** E·S. */
const scanWidth = (sizes: UnitSizes) => channelsOf(sizes) * stateSize(sizes);

/** softplus⁻¹: x + ln(1 − e^−x). */
function biasOf(step: number): number {
  return step + Math.log(-Math.expm1(-step));
}

/** Of a step size that is log-uniform between the two. */
const firstStepBias: FirstValue = (random) => {
  const { least, greatest } = firstSteps;
  return biasOf(least * (greatest / least) ** random.uniform());
};

const whole = { type: 'number', min: 1, isWhole: true } as const;

const stepSlider = { type: 'slider', min: 1e-4, max: 10, step: 0.05, isLogarithmic: true } as const;
/** Of the slowest channel, and of the fastest. */
const leastStep = {
  ...stepSlider,
  name: 'leastStep',
  label: 'panel.playground.leastStep',
  default: firstSteps.least,
  pushes: { name: 'greatestStep', when: 'above' },
} as const satisfies SliderControl;
const greatestStep = {
  ...stepSlider,
  name: 'greatestStep',
  label: 'panel.playground.greatestStep',
  default: firstSteps.greatest,
  pushes: { name: 'leastStep', when: 'below' },
} as const satisfies SliderControl;
/** −A of the first number of each channel. */
const decayScale = {
  type: 'slider',
  name: 'decayScale',
  label: 'panel.playground.decayScale',
  default: 1,
  min: 0.01,
  max: 100,
  step: 0.05,
  isLogarithmic: true,
} as const satisfies SliderControl;
const stateSizeChoice = {
  type: 'choice',
  name: 'stateSize',
  label: 'panel.playground.stateSize',
  default: '16',
  choices: [{ value: '1' }, { value: '4' }, { value: '16' }],
} as const satisfies ChoiceControl;

/** Half-lives of the slowest number and of the fastest, in tokens: ln 2 / (Δ |A|). */
function halfLives(at: ControlValues): readonly [longest: number, shortest: number] {
  const ofOne = Math.LN2 / numberAt(at, decayScale);
  return [ofOne / numberAt(at, leastStep), ofOne / numberAt(at, greatestStep) / Number(choiceAt(at, stateSizeChoice))];
}

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
    { name: 'stepSize', label: 'unitMap.stepSize', symbol: 'Δ', range: 'positive', units: channelsOf },
    {
      name: 'decay',
      label: 'unitMap.decay',
      symbol: 'exp(ΔA)',
      range: 'share',
      keeps: true,
      units: scanWidth,
      inEachChannel: stateSize,
    },
    {
      name: 'scan',
      label: 'unitMap.scan',
      symbol: 'h',
      range: 'unbounded',
      units: scanWidth,
      inEachChannel: stateSize,
    },
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
  notApplicable: { omega: 'cell.notVanilla', flossing: 'cell.mamba.noFlossing' },
  playground: {
    hiddenSize: 16,
    deviation: 1,
    controls: [leastStep, greatestStep, decayScale, selectivityControl, stateSizeChoice],
    first: {},
    options: (at) => ({ stateSize: Number(choiceAt(at, stateSizeChoice)) }),
    adjust({ W_dt, b_dt, A_log }, at) {
      const [least, greatest] = [numberAt(at, leastStep), numberAt(at, greatestStep)];
      const last = Math.max(1, b_dt.length - 1);
      // Evenly in their logarithm over the channels.
      for (const channel of b_dt.keys()) b_dt[channel] = biasOf(least * (greatest / least) ** (channel / last));
      scale(W_dt, numberAt(at, selectivityControl));
      const shift = Math.log(numberAt(at, decayScale));
      for (const i of A_log.keys()) A_log[i] += shift;
    },
    fact(at) {
      const [longest, shortest] = halfLives(at);
      return {
        key: 'panel.playground.factsOfDecay',
        numbers: [
          [longest, null],
          [shortest, null],
        ],
      };
    },
    formula: 'Δ_t = softplus(s W_Δ d_t + b_Δ), h_t = exp(−a n Δ_t) ⊙ h_{t−1} + Δ_t v_t B_t^⊤, n = 1 … S',
    explained: 'panel.playground.explainedSteps',
  },
});

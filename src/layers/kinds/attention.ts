/**
 * The block of a GPT-2-like model (Radford et al. 2019): causal softmax attention by heads, then an MLP of four times the width with GELU, the exact one or GPT-2's
 * approximation by tanh; norm and residual stand around both. A table of positions is added to what the lowest such layer reads, whatever stands below it, or queries and keys are turned by their
 * place.
 */
import { UserError } from '../../userError';
import { mixer } from '../mixer';
import { isOptionOn, numberOption, type LayerOptions } from '../options';
import { choiceAt, maxPlaygroundLength, numberAt, scale, type ChoiceControl, type SliderControl } from '../playground';
import { always, normalWith, type LayerSizes, type ParameterDescription } from '../parameters';

/** Of the first weights. */
const deviation = 0.02;

const name = 'attention';

/** Of one step there is nothing to attend to. */
const leastContext = 2;

function isLearned(options: LayerOptions): boolean {
  return options['positions'] === 'learned';
}

/** Where the table of positions is: once in a model, in the lowest layer that attends by it. */
function hasTable({ below, options }: Pick<LayerSizes, 'below' | 'options'>): boolean {
  return isLearned(options) && !below.some((layer) => layer.cell === name && isLearned(layer.options));
}

function weights(
  role: string,
  shape: (sizes: LayerSizes) => readonly number[] | null,
  isOutput = false,
): ParameterDescription {
  return {
    role,
    shape,
    // What is added to the residual stream 2N times begins so much smaller.
    initialization: { first: ({ layers }) => normalWith(isOutput ? deviation / Math.sqrt(2 * layers) : deviation) },
    tensor: role,
    torch: null,
  };
}

function bias(role: string, length: (hidden: number) => number): ParameterDescription {
  return {
    role,
    shape: ({ hidden, options }) => (isOptionOn(options, 'biases') ? [length(hidden)] : null),
    initialization: { first: () => always(0) },
    tensor: role,
    torch: null,
  };
}

const context = (options: LayerOptions) => numberOption(options, 'context');
const heads = (options: LayerOptions) => numberOption(options, 'heads');

const headsChoice = {
  type: 'choice',
  name: 'heads',
  label: 'panel.playground.heads',
  default: '4',
  choices: [{ value: '1' }, { value: '2' }, { value: '4' }, { value: '8' }, { value: '16' }],
} as const satisfies ChoiceControl;
/** What the logits are divided by. */
const temperature = {
  type: 'slider',
  name: 'temperature',
  label: 'panel.playground.temperature',
  default: 1,
  min: 0.01,
  max: 100,
  step: 0.05,
  isLogarithmic: true,
} as const satisfies SliderControl;
const positionsChoice = {
  type: 'choice',
  name: 'positions',
  label: 'panel.playground.positions',
  default: 'rotary',
  choices: [
    { value: 'learned', label: 'panel.playground.positionsLearned' },
    { value: 'rotary', label: 'panel.playground.positionsRotary' },
    { value: 'none', label: 'panel.playground.positionsNone' },
  ],
} as const satisfies ChoiceControl;

/** Of the playground's matrices: what a normalized input comes to keeps its variance, and logits have variance 1. */
const keepingVariance = (inputs: (sizes: LayerSizes) => number) => (sizes: LayerSizes) =>
  normalWith(1 / Math.sqrt(inputs(sizes)));

export const attention = mixer({
  name,
  label: 'Attention',
  title: 'cell.attention.title',
  path: 'panel.path.direct',
  equations: [
    'q_t, k_t, v_t = W_{QKV} x_t + b_{QKV}',
    'a_{τ,t} = exp(q_τ · k_t / √d) / Σ_{j ≤ τ} exp(q_τ · k_j / √d)',
    'MHA(x)_τ = W_O Σ_t a_{τ,t} v_t + b_O',
    'm = GELU(W_1 x + b_1)',
    'MLP(x) = W_2 m + b_2',
  ],
  heldFixed: 'hover.attentionHeldFixed',
  parameters: [
    weights('P', (sizes) => (hasTable(sizes) ? [context(sizes.options), sizes.hidden] : null)),
    weights('Wqkv', ({ hidden, input }) => [3 * hidden, input]),
    bias('bqkv', (hidden) => 3 * hidden),
    weights('Wo', ({ hidden }) => [hidden, hidden], true),
    bias('bo', (hidden) => hidden),
    weights('W1', ({ hidden }) => [4 * hidden, hidden]),
    bias('b1', (hidden) => 4 * hidden),
    weights('W2', ({ hidden }) => [hidden, 4 * hidden], true),
    bias('b2', (hidden) => hidden),
  ],
  states: [],
  unitMaps: [
    {
      name: 'mlpActivations',
      label: 'unitMap.mlpActivations',
      symbol: 'm',
      range: 'unbounded',
      units: ({ hidden }) => 4 * hidden,
    },
  ],
  options: [
    { name: 'heads', type: 'number', default: 4, min: 1, max: 64, isWhole: true, help: 'option.heads.help' },
    {
      name: 'positions',
      type: 'choice',
      default: 'rotary',
      choices: ['learned', 'rotary', 'none'],
      help: 'option.positions.help',
    },
    {
      name: 'context',
      type: 'number',
      default: 256,
      min: leastContext,
      max: 4096,
      isWhole: true,
      help: 'option.context.help',
    },
    { name: 'biases', type: 'switch', default: true, help: 'option.biases.help' },
    { name: 'gelu', type: 'choice', default: 'exact', choices: ['exact', 'tanh'], help: 'option.gelu.help' },
  ],
  sublayers: (sizes) => [
    ...(hasTable(sizes) ? [{ name: 'positions', states: [], around: 'added' } as const] : []),
    { name: 'mha', states: [] },
    { name: 'mlp', states: [] },
  ],
  context,
  heads,

  check(sizes, place) {
    const { input, hidden, options } = sizes;
    if (hidden % heads(options) !== 0)
      throw new UserError('error.setting.headsDivide', place, heads(options), hidden, dividing(hidden, heads(options)));
    const headSize = hidden / heads(options);
    if (options['positions'] === 'rotary' && headSize % 2 !== 0)
      throw new UserError('error.setting.rotaryHeads', place, headSize);
    if (hasTable(sizes) && input !== hidden) throw new UserError('error.setting.positionsWidth', place, hidden, input);
  },

  checkWindow(sizes, steps) {
    if (!hasTable(sizes) || context(sizes.options) <= steps) return;
    // A table that fits such windows would be shorter than a context may be.
    if (steps < leastContext) throw new UserError('error.setting.positionsOfOneToken', steps, leastContext);
    throw new UserError('error.setting.positionsBeyondWindow', context(sizes.options), steps);
  },

  surroundings: { norm: 'layerNorm', finalNorm: 'layerNorm', residual: true },
  // Rotary positions turn pairs.
  widthStep: (options) => heads(options) * (options['positions'] === 'rotary' ? 2 : 1),
  deviationAround: deviation,
  notApplicable: {
    truncation: 'cell.attention.noTruncation',
    omega: 'cell.notVanilla',
    flossing: 'cell.attention.noFlossing',
    gain: 'cell.attention.noGain',
    halfLife: 'cell.attention.noHalfLife',
  },
  playground: {
    hiddenSize: 32,
    deviation: 1,
    controls: [temperature, headsChoice, positionsChoice],
    first: {
      P: () => normalWith(1),
      Wqkv: keepingVariance(({ input }) => input),
      Wo: keepingVariance(({ hidden }) => hidden),
      W1: keepingVariance(({ hidden }) => hidden),
      W2: keepingVariance(({ hidden }) => 4 * hidden),
    },
    options: (at) => ({
      heads: Number(choiceAt(at, headsChoice)),
      positions: choiceAt(at, positionsChoice),
      // The table is as long as it may have to be: its rows stay the same when more are read.
      context: maxPlaygroundLength,
    }),
    // Queries are the first H rows.
    adjust({ Wqkv }, at, { hidden: H, input: I }) {
      scale(Wqkv.subarray(0, H * I), 1 / numberAt(at, temperature));
    },
    fact: (_at, { largestWeight, steps }) => ({
      key: 'panel.playground.factsOfWeights',
      numbers: [
        [largestWeight ?? NaN, 3],
        [1 / steps, 3],
      ],
    }),
    formula: 'a_{τ,t} = softmax_{t ≤ τ} ( q_τ · k_t / (T √d) )',
    explained: 'panel.playground.explainedWeights',
  },
});

/** The number of heads nearest to `wanted` that divides a width. */
function dividing(hidden: number, wanted: number): number {
  let nearest = 1;
  for (let count = 1; count <= hidden; count++)
    if (hidden % count === 0 && Math.abs(count - wanted) < Math.abs(nearest - wanted)) nearest = count;
  return nearest;
}

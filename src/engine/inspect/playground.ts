/**
 * A cell with random weights that reads random letters: what the sliders of the playground ask for. The same settings give the same
 * numbers, and a change of the gain only scales the recurrent matrices, so that the picture moves and does not jump.
 */
import { checkInteger } from '../../core/model/config';
import { byRole, lengthOfShape, shapeOf } from '../../core/model/directionParameters';
import { plainAround, type ActivationForm, type GeneralModel, type Weights } from '../../core/model/generalModel';
import { fillBetween, fillFirst } from '../../core/model/initialize';
import { randomOrthogonal } from '../../core/model/orthogonal';
import { Random } from '../../core/model/random';
import type { KeysOf } from '../../messages';
import { activationsOf, checkCell, isRecurrentByMatrix, kindOf, memoryGateOf, optionsOf } from '../../layers/catalog';
import { noOptions } from '../../layers/options';
import { UserError } from '../../userError';
import {
  playgroundLimits,
  type PlaygroundActivation,
  type PlaygroundResult,
  type PlaygroundSettings,
} from '../../protocol/playground';
import type { Thresholds } from '../../terms/regions';
import { spectrumOf } from '../model/examination';
import { frameOf } from './frame';
import { flowsOf, inputFlowsOf } from './flows';
import { Float64Reading } from './reading';

const letters = Array.from('abcdefghijklmnopqrstuvwxyz');
/** Standard deviation of what a letter adds to a pre-activation: small, so that tanh units are not saturated by it alone. */
const inputScale = 0.2;

/** Matrices of spectral radius 1 and 2-norm `norm`, one for each gate; none of a kind without R. */
interface UnitMatrices {
  readonly key: string;
  readonly blocks: readonly Float64Array[];
  readonly norm: number;
}

export class Playground {
  /** Those of the last settings: a slider that moves makes no new ones. */
  private matrices: UnitMatrices | null = null;
  private sequence = 0;

  /** Throws a UserError where a setting is out of its limits. */
  async run(settings: PlaygroundSettings, thresholds: Thresholds): Promise<PlaygroundResult> {
    check(settings);
    const unit = this.matricesOf(settings);
    const model = modelOf(settings, unit);
    const random = Random.fromSeed(settings.seed + 1);
    const ids = Uint8Array.from({ length: settings.length + 1 }, () => Math.floor(letters.length * random.uniform()));
    const reading = new Float64Reading(model, ids);
    const { trace } = reading;
    const target = trace.steps - 1;
    const look = {
      general: model,
      symbols: letters,
      trace,
      target,
      thresholds,
      flows: await flowsOf(reading, target, thresholds),
      inputs: { flows: await inputFlowsOf(reading, target, thresholds), totals: null },
      totals: null,
      heads: null,
    };
    return {
      frame: frameOf(look, { unitMap: { layer: 0, direction: 'forward', quantity: 'hidden' } }, ++this.sequence, 0),
      spectralNorm: settings.gain * unit.norm,
    };
  }

  private matricesOf(settings: PlaygroundSettings): UnitMatrices {
    const { matrix, hiddenSize: H, seed, cell } = settings;
    const gates = isRecurrentByMatrix(cell) ? kindOf(cell).gates.length : 0;
    const key = [matrix, H, seed, gates].join(' ');
    if (this.matrices?.key === key) return this.matrices;
    const random = Random.fromSeed(seed);
    const made = Array.from({ length: gates }, () =>
      matrix === 'orthogonal' ? { block: randomOrthogonal(H, random), norm: 1 } : gaussianOfRadiusOne(H, random),
    );
    this.matrices = { key, blocks: made.map(({ block }) => block), norm: Math.max(0, ...made.map(({ norm }) => norm)) };
    return this.matrices;
  }
}

function gaussianOfRadiusOne(H: number, random: Random): { block: Float64Array; norm: number } {
  const block = Float64Array.from({ length: H * H }, () => random.normal());
  const spectrum = spectrumOf(block, H, 0);
  if (!spectrum) throw new Error('the matrix is too large for its eigenvalues');
  const { spectralRadius, spectralNorm } = spectrum;
  return { block: block.map((value) => value / spectralRadius), norm: spectralNorm / spectralRadius };
}

function modelOf(
  { cell, activation, gain, forgetBias, hiddenSize: H, seed }: PlaygroundSettings,
  { blocks }: UnitMatrices,
): GeneralModel {
  const random = Random.fromSeed(seed + 2);
  const gates = kindOf(cell).gates.length;
  const V = letters.length;
  const R = new Float64Array(blocks.length * H * H);
  blocks.forEach((block, gate) =>
    R.set(
      block.map((value) => gain * value),
      gate * H * H,
    ),
  );
  const W = Float64Array.from({ length: gates * H * V }, () => inputScale * random.normal());
  const Wb = new Float64Array(gates * H);
  const gate = memoryGateOf(cell);
  if (gate) Wb.fill(forgetBias, gate.block * H, (gate.block + 1) * H);
  const output = Float64Array.from({ length: V * H }, () => random.normal() / Math.sqrt(H));
  return {
    vocabularySize: V,
    embedding: null,
    layers: [
      {
        cell,
        options: optionsOf(cell, {}),
        hiddenSize: H,
        inputSize: V,
        directions: [
          {
            direction: 'forward',
            W,
            R,
            Wb,
            Rb: new Float64Array(blocks.length * H),
            own: ownOf(cell, H, V, random),
            peepholes: null,
            activations: formsOf(cell, activation),
            initialStates: [],
          },
        ],
        clip: null,
        linearBeforeReset: true,
        ...plainAround,
        inputForget: false,
        source: 'playground',
      },
    ],
    norm: null,
    output: { W: output, b: new Float64Array(V) },
  };
}

/** What the kind has besides, as it begins. */
function ownOf(
  cell: PlaygroundSettings['cell'],
  hiddenSize: number,
  inputSize: number,
  random: Random,
): Readonly<Record<string, Weights>> {
  const begun = byRole(
    cell,
    (parameter) => {
      const sizes = { input: inputSize, hidden: hiddenSize, options: noOptions, layer: 0, layers: 1, below: [] };
      const shape = shapeOf(parameter, cell, sizes);
      if (!shape) return undefined;
      const values = new Float64Array(lengthOfShape(shape));
      const { initialization } = parameter;
      if (typeof initialization === 'object')
        if ('between' in initialization) fillBetween(values, initialization.between, random);
        else fillFirst(values, initialization.first(sizes), random);
      return values;
    },
    new Float64Array(0),
  );
  return begun.own;
}

function formsOf(cell: PlaygroundSettings['cell'], activation: PlaygroundActivation): ActivationForm[] {
  return activationsOf(cell, activation).map((name) => ({
    name: name === 'linear' ? 'affine' : name,
    alpha: 1,
    beta: 0,
  }));
}

function check({ cell, activation, matrix, gain, forgetBias, hiddenSize, length, seed }: PlaygroundSettings): void {
  const { gain: gains, forgetBias: biases, length: lengths, hiddenSize: sizes } = playgroundLimits;
  checkCell(cell);
  if (!['linear', 'tanh', 'relu'].includes(activation))
    throw new UserError('error.playground.activationUnknown', activation);
  if (!['orthogonal', 'gaussian'].includes(matrix)) throw new UserError('error.playground.matrixUnknown', matrix);
  checkNumber('quantity.recurrentScale', gain, gains.min, gains.max);
  checkNumber('quantity.forgetBias', forgetBias, biases.min, biases.max);
  checkInteger('quantity.hiddenSize', hiddenSize, sizes.min, sizes.max);
  checkInteger('quantity.length', length, lengths.min, lengths.max);
  checkInteger('quantity.seed', seed, 0, 2 ** 31 - 4);
}

function checkNumber(what: KeysOf<'quantity'>, value: number, min: number, max: number): void {
  if (!(value >= min && value <= max))
    throw new UserError('error.playground.notInRange', { key: what, args: [] }, String(value), min, max);
}

/**
 * What is the matter with a model, if anything: decided without any of the product's sentences, without its gradients, horizons, levels and regions, and before
 * what is said of it is looked at. The evidence is what the model predicts (its forward pass, which PyTorch's numbers hold elsewhere), central differences of it
 * (differences.ts), how it was made, and whether it came to its end.
 *
 * Ailments, each by itself:
 * - notFinite: training came to a loss or gradient that is not finite, or a weight is none.
 * - diverged:  the validation loss is above ln V, that of a uniform guess.
 * - exploding: at some of the lags 5, 10, 20 and 40, within the text, ‖∂ℓ_τ/∂x_{τ−lag}‖ is over 10³ times that at lag 0, in the median over the targets.
 * - vanishing: it has not learned (see below), and at the lag that its predictions need, ‖∂ℓ_τ/∂x_{τ−lag}‖ is under 10⁻³ of that at lag 0, in the median over the targets, or too small to be measured.
 * - depth:     of three or more layers, the losses are as good as without what the text says: above 0.99 of the entropy of single symbols.
 * - units:     on 400 symbols of text half or more of the units of some layer pass hardly any gradient: of relu are always 0; of tanh have a mean slope 1 − h² under a tenth.
 *
 * Has learned: of a task, that its answers, on the probe and on more text, have a mean loss of at most a quarter of a guess's; of prose, that the validation loss is
 * below the entropy of a symbol given the one before it, so that it uses more than the symbol that it has just read.
 *
 * Healthy: no ailment, has learned, and the gradient at the needed lag is at least a hundredth of that at lag 0 by central differences.
 * What is neither is not counted. A model that a formula describes (cases.ts) is labeled by it.
 */
import { readInFloat64 } from '../../src/core/float64/float64Trace';
import { weightsOf, type GeneralModel } from '../../src/core/model/generalModel';
import { mulberry32 } from '../support/mulberry32';
import type { Ailment, TrainedCase } from './cases';
import { inputSensitivity } from './differences';
import { moreOf, probeOf } from './probes';
import { textNamed } from './texts';
import type { TrainedModel } from './train';

export interface Findings {
  /** Nats: of a task of its answers, of prose the validation loss. */
  readonly loss: number;
  /** Relative to lag 0, the median over the targets, by lag; NaN where it is not known. */
  readonly byLag: ReadonlyMap<number, number>;
  readonly ailments: readonly Ailment[];
  /** It has learned where the loss is at most this. */
  readonly learnedBelow: number;
}

export interface Label {
  readonly isHealthy: boolean;
  readonly ailments: readonly Ailment[];
  readonly hasLearned: boolean;
  readonly needed: number;
}

const lags = [5, 10, 20, 40];
const unitSymbols = 400;

export function examine(trial: TrainedCase, { run, summary, problem, general, vocabulary }: TrainedModel): Findings {
  const source = textNamed(trial.text);
  const probe = probeOf(source);
  const ids = Int32Array.from(vocabulary.encode(probe.text));
  const [inputs, targets] = [ids.slice(0, -1), ids.slice(1)];
  const random = mulberry32(5);
  const isFinite = areFinite(general);
  const byLag = new Map(
    [...new Set([...lags, source.needs])].map((lag) => {
      if (!isFinite) return [lag, NaN] as const;
      const ratios = probe.targets.flatMap((target) => {
        if (target < lag) return [];
        const sensitivity = (at: number) => inputSensitivity(general, inputs, targets, { target, at }, random);
        // What is too small to be measured is 0; where lag 0 is, nothing can be said.
        const [far, own] = [sensitivity(target - lag), sensitivity(target)];
        return Number.isNaN(own) ? [] : [Number.isNaN(far) ? 0 : far / own];
      });
      return [lag, median(ratios)] as const;
    }),
  );
  const guess = Math.log(run.model.vocabularySize);
  const validation = summary.validationLoss ?? NaN;
  const taskLoss = source.task && isFinite ? answersLoss(trial, general, (text) => vocabulary.encode(text)) : NaN;
  const ailments: Ailment[] = [];
  if (!isFinite || problem !== null) ailments.push('notFinite');
  if (!(validation <= guess)) ailments.push('diverged');
  if (lags.some((lag) => (byLag.get(lag) ?? NaN) > 1e3)) ailments.push('exploding');
  if (isFinite && hasSickUnits(general, vocabulary.encode(moreOf(source, unitSymbols)))) ailments.push('units');
  if (general.layers.length > 2 && validation > 0.99 * entropyOf(source.text)) ailments.push('depth');
  return {
    loss: source.task ? taskLoss : validation,
    byLag,
    ailments,
    learnedBelow: source.task ? Math.log(source.task.answers) / 4 : entropyGivenLast(source.text),
  };
}

export function labelOf(trial: TrainedCase, found: Findings): Label {
  const { needs } = textNamed(trial.text);
  const hasLearned = found.loss <= found.learnedBelow;
  const needed = found.byLag.get(needs) ?? NaN;
  const ailments = [...found.ailments];
  if (!hasLearned && !(needed >= 1e-3) && !ailments.includes('notFinite')) ailments.push('vanishing');
  return { hasLearned, needed, ailments, isHealthy: ailments.length === 0 && hasLearned && needed >= 1e-2 };
}

function answersLoss(trial: TrainedCase, general: GeneralModel, encode: (text: string) => ArrayLike<number>): number {
  const source = textNamed(trial.text);
  const [shown, more] = [probeOf(source).text, moreOf(source, 12 * (source.needs + 3))];
  const losses = [shown, more].flatMap((text) => {
    const ids = Int32Array.from(encode(text));
    const { targetLogProbabilities } = readInFloat64(general, ids.slice(0, -1), ids.slice(1));
    return Array.from(text.slice(0, -1)).flatMap((symbol, t) =>
      symbol === source.task?.question && t >= source.needs ? [-targetLogProbabilities[t]] : [],
    );
  });
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

function hasSickUnits(general: GeneralModel, encoded: ArrayLike<number>): boolean {
  if (general.layers.some(({ directions }) => directions.length > 1)) return false;
  const ids = Int32Array.from(encoded);
  const { layers } = readInFloat64(general, ids.slice(0, -1), ids.slice(1));
  return layers.some(({ cell, hiddenSize: H, directions }, l) => {
    if (cell !== 'rnn') return false;
    const relu = general.layers[l].directions[0].activations[0].name === 'relu';
    const h = directions[0].states[0].subarray(H);
    let sick = 0;
    for (let u = 0; u < H; u++) {
      let [slope, isZero] = [0, true];
      const T = h.length / H;
      for (let t = 0; t < T; t++) {
        slope += (1 - h[t * H + u] ** 2) / T;
        isZero &&= h[t * H + u] === 0;
      }
      if (relu ? isZero : slope < 0.1) sick++;
    }
    return sick >= H / 2;
  });
}

function areFinite({ layers, output, embedding }: GeneralModel): boolean {
  const all = [
    ...layers.flatMap(({ directions }) => directions.flatMap((direction) => weightsOf(direction))),
    output.W,
    output.b,
    ...(embedding ? [embedding] : []),
  ];
  return all.every((values) => values.every((value) => Number.isFinite(value)));
}

/** Of single symbols, nats. */
const entropyOf = (text: string) => entropyOfCounts(Array.from(text));

function entropyOfCounts(items: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  const shares = [...counts.values()].map((count) => count / items.length);
  return -shares.reduce((sum, share) => sum + share * Math.log(share), 0);
}

/** Of a symbol given the one before it, nats. */
function entropyGivenLast(text: string): number {
  const symbols = Array.from(text);
  return (
    entropyOfCounts(symbols.slice(1).map((symbol, i) => symbols[i] + symbol)) - entropyOfCounts(symbols.slice(0, -1))
  );
}

export function median(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).toSorted((a, b) => a - b);
  return sorted.length === 0 ? NaN : sorted[(sorted.length - 1) >> 1];
}

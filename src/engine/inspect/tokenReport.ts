/** What the hover over a token says. */
import { directionNames } from '../../core/model/trace';
import type { HeadContributions } from '../../core/float64/topContributions';
import { regionKind } from '../../terms/regions';
import { UserError } from '../../userError';
import type { TokenReport } from '../../protocol/engine';
import type { Contribution, HeadContribution, Prediction } from '../../protocol/flowReport';
import { additive, quickIntegral } from './attribution';
import type { Look } from './inspector';
import { predictedNumbers } from './report';
import { hiddenChange, stateNorms } from './states';

const shownPredictions = 5;
const shownContributions = 8;

/** Throws a UserError for a token that is not in the text. */
export async function describeToken(look: Look, token: number): Promise<TokenReport> {
  const { trace, symbols } = look;
  if (!Number.isInteger(token) || token < 0 || token > trace.steps) {
    throw new UserError('error.inspect.noSuchToken', token, trace.steps);
  }
  const id = token < trace.steps ? trace.inputs[token] : trace.targets[trace.steps - 1];
  // The prediction of token k is made at step k − 1, after reading all before it.
  const before = token - 1;
  const isPredicted = before >= 0 && trace.targets[before] >= 0;
  const isOfNumbers = look.general.isOfNumbers === true;
  return {
    token,
    symbol: symbols[id],
    loss: isPredicted ? -trace.targetLogProbabilities[before] : null,
    predictions: isPredicted && !isOfNumbers ? predictions(look, before) : [],
    ...(isPredicted && isOfNumbers && { numbers: predictedNumbers(trace) }),
    layers: token === trace.steps ? [] : layerStates(look, token),
    inputs: token === trace.steps ? [] : mixerInputs(look, token),
    contributions: isPredicted && !isOfNumbers ? await contributions(look, id, before) : null,
  };
}

function predictions({ trace, symbols }: Look, step: number): Prediction[] {
  const V = symbols.length;
  const row = trace.probabilities.subarray(step * V, (step + 1) * V);
  return Array.from(row, (probability, id) => ({ symbol: symbols[id], probability }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, shownPredictions);
}

function layerStates({ trace, target, flows, inputs, thresholds }: Look, step: number): TokenReport['layers'] {
  // What a mixer gives is none of its states.
  const recurrent = flows.filter(({ layer }) => trace.layers[layer].directions.length > 0);
  return recurrent.map(({ layer, direction, states: [{ log10, relative }] }) => {
    const d = directionNames(trace.layers[layer]).indexOf(direction);
    const r = relative[step];
    const ofInput = inputs?.flows[layer].relative[step] ?? NaN;
    // From the neighbor through which the gradient came.
    const gain = direction === 'forward' ? log10[step] - log10[step + 1] : log10[step] - log10[step - 1];
    const isBeyond = direction === 'forward' ? step < target : step > target;
    return {
      layer,
      direction,
      hiddenNorm: stateNorms(trace, layer, d)[step],
      hiddenChange: hiddenChange(trace, layer, d, step),
      gradient: Number.isNaN(r) ? null : r,
      gain: !isBeyond || Number.isNaN(gain) ? null : 10 ** gain,
      region: regionKind(r, thresholds),
      inputGradient: Number.isNaN(ofInput) ? null : ofInput,
    };
  });
}

/** Of layers whose output is no state of theirs. */
function mixerInputs({ trace, inputs, thresholds }: Look, step: number): TokenReport['inputs'] {
  return (inputs?.flows ?? []).flatMap(({ relative }, layer) => {
    if (layer >= trace.layers.length || trace.layers[layer].directions.length > 0) return [];
    const r = relative[step];
    return [{ layer, gradient: Number.isNaN(r) ? null : r, region: regionKind(r, thresholds) }];
  });
}

async function contributions(look: Look, id: number, step: number): Promise<TokenReport['contributions']> {
  const { symbols, trace } = look;
  const sum = additive(look, id, step);
  const found = sum ?? (await quickIntegral(look, id, step));
  if (!found) return null;
  const { method, parts, rest } = found;
  const all = Array.from(parts, (score, token) => ({ token, symbol: symbols[trace.inputs[token]], score }));
  const strongest = all.toSorted((a, b) => Math.abs(b.score) - Math.abs(a.score)).slice(0, shownContributions);
  return {
    method,
    strongest: strongest.map((each) => {
      const head = leadingHead(sum?.heads ?? [], each);
      return head ? { ...each, head } : each;
    }),
    whole: parts.reduce((all, part) => all + part, rest),
    heldFixed: sum?.heldFixed ?? [],
  };
}

/** The head through which more of a token's part came than through all else together; null where none did, or there is one head alone. */
function leadingHead(
  heads: readonly HeadContributions[],
  { token, score }: Pick<Contribution, 'token' | 'score'>,
): HeadContribution | null {
  if (heads.length < 2) return null;
  for (const { layer, head, parts } of heads) {
    const own = parts[token];
    if (Math.abs(own) > Math.abs(score - own)) return { layer, head, score: own };
  }
  return null;
}

/** What the hover over one token says. */
import { contributionsTo } from '../../core/analysis/contributions';
import { regionKind } from '../../core/analysis/regions';
import { directionsOf } from '../../core/model/config';
import type { Tape } from '../../core/model/tape';
import { UserError } from '../../core/userError';
import type { DescribeRequest, Prediction, TokenReport } from '../../protocol/engine';
import { resolveTarget, type Inspector, type LayerFlow } from './inspector';
import { hiddenChange, hiddenNorms } from './states';

const shownPredictions = 5;
const shownContributions = 8;

export async function describeToken(inspector: Inspector, request: DescribeRequest): Promise<TokenReport> {
  const tape = await inspector.read(request.text);
  const { token } = request;
  if (!Number.isInteger(token) || token < 0 || token > tape.steps) {
    throw new UserError('The token {0} is not in the text; it can be from 0 to {1}.', token, tape.steps);
  }
  const target = resolveTarget(request.target, tape.steps);
  const { symbols } = inspector.model.vocabulary;
  const id = token < tape.steps ? tape.inputs[token] : tape.targets[tape.steps - 1];
  // The prediction of token k is made at step k − 1, after reading all before it.
  const before = token - 1;
  return {
    token,
    symbol: symbols[id],
    loss: before < 0 ? null : -tape.targetLogProbabilities[before],
    predictions: before < 0 ? [] : predictions(tape, before, symbols),
    layers: token === tape.steps ? [] : layerStates(tape, token, target, await inspector.flows(target, request.thresholds), request),
    contributions: before < 0 ? null : contributions(inspector, tape, id, before),
  };
}

function predictions(tape: Tape, step: number, symbols: readonly string[]): Prediction[] {
  const V = symbols.length;
  const row = tape.probabilities.subarray(step * V, (step + 1) * V);
  return Array.from(row, (probability, id) => ({ symbol: symbols[id], probability }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, shownPredictions);
}

function layerStates(tape: Tape, step: number, target: number, flows: readonly LayerFlow[], { thresholds }: DescribeRequest): TokenReport['layers'] {
  const directions = directionsOf(tape.config);
  return flows.map(({ layer, direction, hidden: { log10, relative } }) => {
    const d = directions.indexOf(direction);
    const r = relative[step];
    // From the neighbour through which the gradient came.
    const gain = direction === 'forward' ? log10[step] - log10[step + 1] : log10[step] - log10[step - 1];
    const isBeyond = direction === 'forward' ? step < target : step > target;
    return {
      layer,
      direction,
      hiddenNorm: hiddenNorms(tape, layer, d)[step],
      hiddenChange: hiddenChange(tape, layer, d, step),
      gradient: Number.isNaN(r) ? null : r,
      gain: !isBeyond || Number.isNaN(gain) ? null : 10 ** gain,
      region: regionKind(r, thresholds),
    };
  });
}

function contributions(inspector: Inspector, tape: Tape, id: number, step: number): TokenReport['contributions'] {
  const found = contributionsTo(tape, inspector.model.parameters, id, step);
  if (!found) return null;
  const { symbols } = inspector.model.vocabulary;
  const all = Array.from(found.parts, (score, token) => ({ token, symbol: symbols[tape.inputs[token]], score }));
  return {
    strongest: all.toSorted((a, b) => Math.abs(b.score) - Math.abs(a.score)).slice(0, shownContributions),
    whole: found.parts.reduce((sum, part) => sum + part, found.carriedIn),
  };
}

/** What the hover over one token says. */
import { contributionsTo } from '../../core/analysis/contributions';
import { regionKind } from '../../core/analysis/regions';
import type { Tape } from '../../core/model/tape';
import { norm } from '../../core/numeric';
import { UserError } from '../../core/userError';
import type { DescribeRequest, Prediction, TokenReport } from '../../protocol/engine';
import { resolveTarget, type Inspector, type LayerFlow } from './inspector';

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
    layers: token === tape.steps ? [] : layerStates(tape, token, target, inspector.flows(target, request.thresholds), request),
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
  const H = tape.config.hiddenSize;
  return flows.map(({ hidden: { log10, relative } }, layer) => {
    const { hidden } = tape.layers[layer];
    let change = 0;
    for (let u = 0; u < H; u++) change += (hidden[(step + 1) * H + u] - hidden[step * H + u]) ** 2;
    const r = relative[step];
    const gain = step < target ? 10 ** (log10[step] - log10[step + 1]) : NaN;
    return {
      layer,
      direction: 'forward',
      hiddenNorm: norm(hidden, (step + 1) * H, H),
      hiddenChange: Math.sqrt(change),
      gradient: Number.isNaN(r) ? null : r,
      gain: Number.isNaN(gain) ? null : gain,
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

/** What the hover over one token says. */
import { regionKind } from '../../core/analysis/regions';
import type { Trace } from '../../core/model/trace';
import { UserError } from '../../userError';
import type { DescribeRequest, Prediction, TokenReport } from '../../protocol/engine';
import { additive, quickIntegral } from './attribution';
import { resolveTarget, type LayerFlow } from './flows';
import type { Inspector } from './inspector';
import { hiddenChange, stateNorms } from './states';

const shownPredictions = 5;
const shownContributions = 8;

export async function describeToken(inspector: Inspector, request: DescribeRequest): Promise<TokenReport> {
  const { trace, flows } = await inspector.look(request.text, request.target, request.thresholds);
  const { token } = request;
  if (!Number.isInteger(token) || token < 0 || token > trace.steps) {
    throw new UserError('error.inspect.noSuchToken', token, trace.steps);
  }
  const target = resolveTarget(request.target, trace.steps);
  const { symbols } = inspector.model.vocabulary;
  const id = token < trace.steps ? trace.inputs[token] : trace.targets[trace.steps - 1];
  // The prediction of token k is made at step k − 1, after reading all before it.
  const before = token - 1;
  return {
    token,
    symbol: symbols[id],
    loss: before < 0 ? null : -trace.targetLogProbabilities[before],
    predictions: before < 0 ? [] : predictions(trace, before, symbols),
    layers: token === trace.steps ? [] : layerStates(trace, token, target, flows, request),
    contributions: before < 0 ? null : await contributions(inspector, trace, id, before),
  };
}

function predictions(trace: Trace, step: number, symbols: readonly string[]): Prediction[] {
  const V = symbols.length;
  const row = trace.probabilities.subarray(step * V, (step + 1) * V);
  return Array.from(row, (probability, id) => ({ symbol: symbols[id], probability }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, shownPredictions);
}

function layerStates(trace: Trace, step: number, target: number, flows: readonly LayerFlow[], { thresholds }: DescribeRequest): TokenReport['layers'] {
  return flows.map(({ layer, direction, states: [{ log10, relative }] }) => {
    const d = trace.layers[layer].directions.findIndex((each) => each.direction === direction);
    const r = relative[step];
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
    };
  });
}

async function contributions(inspector: Inspector, trace: Trace, id: number, step: number): Promise<TokenReport['contributions']> {
  const { symbols } = inspector.model.vocabulary;
  const found = additive(inspector, trace, id, step) ?? (await quickIntegral(inspector, trace, id, step));
  if (!found) return null;
  const { method, parts, rest } = found;
  const all = Array.from(parts, (score, token) => ({ token, symbol: symbols[trace.inputs[token]], score }));
  return {
    method,
    strongest: all.toSorted((a, b) => Math.abs(b.score) - Math.abs(a.score)).slice(0, shownContributions),
    whole: parts.reduce((sum, part) => sum + part, rest),
  };
}

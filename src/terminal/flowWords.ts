/** What a flow comes to, in words. */
import type { InspectReport, LayerReport } from '../protocol/engine';
import type { LayerRegion } from '../protocol/frame';
import type { Thresholds } from '../terms/regions';
import { layerLabel, ratioAt } from './flowDrawing';
import { glyphOf } from './glyphs';
import { say } from './language';
import { counted, significant } from './numbers';

/** For each layer, the top one first: how far back its gradient reaches, and its regions. */
export function flowInWords(report: InspectReport, thresholds: Thresholds): string[] {
  return [...report.layers].reverse().flatMap((layer) => {
    const own = report.regions.filter((region) => region.layer === layer.layer && region.direction === layer.direction);
    return [`${capitalized(layerLabel(layer))}: ${reach(layer, thresholds)}`, ...own.map((region) => `  ${regionInWords(region, report.tokens)}`)];
  });
}

/** Norms of the gradients of the mean loss, a line each. */
export function parameterNorms({ output, parameters, embedding }: InspectReport): string[] {
  return [
    say('Output:  W {0}  b {1}', significant(output.W), significant(output.b)),
    ...[...parameters].reverse().map(
      (p) => `${capitalized(layerLabel(p))}:  ${Object.entries(p.norms).map(([role, norm]) => `${role} ${significant(norm)}`).join('  ')}`,
    ),
    ...(embedding === null ? [] : [say('Embedding:  {0}', significant(embedding))]),
  ];
}

function reach(layer: LayerReport, { vanishing }: Thresholds): string {
  const [{ flow }] = layer.states;
  if (flow.log10[flow.target] === -Infinity) return say('the gradient at the target itself is exactly zero.');
  const fraction = say('10^{0} of its size at the target', vanishing);
  if (flow.horizon !== null) return say('the gradient falls under {0} after {1}.', fraction, counted(flow.horizon, 'token'));
  const lags = Array.from(flow.log10, (_, t) => Math.abs(flow.target - t)).filter((_, t) => !Number.isNaN(ratioAt(layer, t)));
  const longest = Math.max(0, ...lags);
  return longest === 0 ? say('the target is the only step that can reach it.') : say('the gradient stays over {0} for all {1}.', fraction, counted(longest, 'token'));
}

function regionInWords({ kind, from, to }: LayerRegion, tokens: readonly string[]): string {
  const steps = from === to ? say('step {0}', from) : say('steps {0} to {1}', from, to);
  const stretch = excerpt(tokens.slice(from, to + 1));
  return kind === 'vanishing' ? say('vanishing at {0}: “{1}”', steps, stretch) : say('exploding at {0}: “{1}”', steps, stretch);
}

/** A stretch of the text, its middle left out when it is long. */
function excerpt(tokens: readonly string[]): string {
  const glyphs = tokens.map(glyphOf);
  const end = 14;
  return glyphs.length <= 2 * end + 1 ? glyphs.join('') : `${glyphs.slice(0, end).join('')}…${glyphs.slice(-end).join('')}`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

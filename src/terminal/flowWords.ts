/** What a flow comes to, in words. */
import type { InspectReport, LayerReport } from '../protocol/engine';
import type { Region } from '../protocol/frame';
import type { Thresholds } from '../protocol/settings';
import { layerLabel, ratioAt } from './flowDrawing';
import { glyphOf } from './glyphs';
import { counted, significant } from './numbers';

/** For each layer, the top one first: how far back its gradient reaches, and its regions. */
export function flowInWords(report: InspectReport, thresholds: Thresholds): string[] {
  return [...report.layers].reverse().flatMap((layer) => {
    const own = report.regions.filter((region) => region.layer === layer.layer && region.direction === layer.direction);
    return [`${capitalised(layerLabel(layer))}: ${reach(layer, thresholds)}`, ...own.map((region) => `  ${regionInWords(region, report.tokens)}`)];
  });
}

/** Norms of the gradients of the mean loss, a line each. */
export function parameterNorms({ output, parameters, embedding }: InspectReport): string[] {
  return [
    `Output:  W ${significant(output.W)}  b ${significant(output.b)}`,
    ...[...parameters].reverse().map(
      (p) => `${capitalised(layerLabel(p))}:  W ${significant(p.W)}  R ${significant(p.R)}  Wb ${significant(p.Wb)}  Rb ${significant(p.Rb)}`,
    ),
    ...(embedding === null ? [] : [`Embedding:  ${significant(embedding)}`]),
  ];
}

function reach(layer: LayerReport, { vanishing }: Thresholds): string {
  const { flow } = layer;
  if (flow.log10[flow.target] === -Infinity) return 'the gradient at the target itself is exactly zero.';
  const fraction = `10^${vanishing} of its size at the target`;
  if (flow.horizon !== null) return `the gradient falls under ${fraction} after ${counted(flow.horizon, 'token')}.`;
  const lags = Array.from(flow.log10, (_, t) => Math.abs(flow.target - t)).filter((_, t) => !Number.isNaN(ratioAt(layer, t)));
  const longest = Math.max(0, ...lags);
  return longest === 0 ? 'the target is the only step that can reach it.' : `the gradient stays over ${fraction} for all ${counted(longest, 'token')}.`;
}

function regionInWords({ kind, from, to }: Region, tokens: readonly string[]): string {
  const steps = from === to ? `step ${from}` : `steps ${from} to ${to}`;
  return `${kind} at ${steps}: “${excerpt(tokens.slice(from, to + 1))}”`;
}

/** A stretch of the text, its middle left out when it is long. */
function excerpt(tokens: readonly string[]): string {
  const glyphs = tokens.map(glyphOf);
  const end = 14;
  return glyphs.length <= 2 * end + 1 ? glyphs.join('') : `${glyphs.slice(0, end).join('')}…${glyphs.slice(-end).join('')}`;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What a flow comes to, in words. */
import type { InspectReport } from '../protocol/engine';
import type { FlowReport } from '../protocol/flowReport';
import type { Region, Thresholds } from '../terms/regions';
import { layerLabel, ratioAt, type FlowRow } from './flowDrawing';
import { glyphOf } from './glyphs';
import { localize, localizeMessage } from './language';
import { counted, significant } from './numbers';

/** For each row how far back its gradient reaches, and its regions. */
export function flowInWords(tokens: readonly string[], rows: readonly FlowRow[], thresholds: Thresholds): string[] {
  return rows.flatMap(({ label, isName, flow, regions }) => [
    `${isName ? label : capitalized(label)}: ${reach(flow, thresholds)}`,
    ...regions.map((region) => `  ${regionInWords(region, tokens)}`),
  ]);
}

/** Norms of the gradients of the mean loss, a line each. */
export function parameterNorms({ output, parameters, embedding }: InspectReport): string[] {
  return [
    localize('matrices.output', significant(output.W), significant(output.b)),
    ...[...parameters].reverse().map(
      (p) =>
        `${capitalized(layerLabel(p))}:  ${Object.entries(p.norms)
          .map(([role, norm]) => `${role} ${significant(norm)}`)
          .join('  ')}`,
    ),
    ...(embedding === null ? [] : [localize('matrices.embedding', significant(embedding))]),
  ];
}

function reach(flow: FlowReport, { vanishing }: Thresholds): string {
  const own = flow.log10[flow.target];
  if (own === -Infinity) return localize('flow.zeroAtTarget');
  // A target always reaches itself: what is no number there has overflowed, or comes of a weight that is none.
  if (!Number.isFinite(own) || flow.log10.includes(Infinity)) return localize('flow.notFinite');
  const fraction = localize('flow.fraction', vanishing);
  // Where such a series crosses the threshold is chance.
  if (flow.level) return localize('flow.level', significant(10 ** flow.level.log10), decimals(flow.level.slope));
  const reached = Array.from(flow.log10, (_, t) => ({
    lag: Math.abs(flow.target - t),
    ratio: ratioAt(flow, t),
  })).filter(({ ratio }) => !Number.isNaN(ratio));
  // Below a layer of two directions it reaches both sides of the target, and the horizon is of the direction's own alone.
  const below = reached.filter(({ ratio }) => ratio < vanishing).map(({ lag }) => lag);
  const horizon = flow.horizon ?? (below.length > 0 ? Math.min(...below) : null);
  if (horizon !== null) {
    // One that dips below by chance has not vanished.
    const behind = reached.filter(({ lag }) => lag >= horizon);
    const above = behind.filter(({ ratio }) => ratio > vanishing).length;
    return above === 0
      ? localize('flow.falls', fraction, counted(horizon, 'token'))
      : localize('flow.fallsAndRises', fraction, counted(horizon, 'token'), above, counted(behind.length, 'token'));
  }
  const longest = Math.max(0, ...reached.map(({ lag }) => lag));
  return longest === 0 ? localize('flow.onlyTarget') : localize('flow.stays', fraction, counted(longest, 'token'));
}

/** With three decimals; nothing is −0.000. */
function decimals(value: number): string {
  return value.toFixed(3).replace(/^-(?=0\.0+$)/, '');
}

function regionInWords({ kind, from, to }: Region, tokens: readonly string[]): string {
  const steps = from === to ? localize('step.number', from) : localize('flow.steps', from, to);
  const stretch = excerpt(tokens.slice(from, to + 1));
  return kind === 'vanishing'
    ? localize('flow.vanishingAt', steps, stretch)
    : localize('flow.explodingAt', steps, stretch);
}

/** A stretch of the text, its middle left out when it is long. */
function excerpt(tokens: readonly string[]): string {
  const glyphs = tokens.map(glyphOf);
  const end = 14;
  return glyphs.length <= 2 * end + 1
    ? glyphs.join('')
    : `${glyphs.slice(0, end).join('')}…${glyphs.slice(-end).join('')}`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Where numbers leave float32, if they do. */
export function numbersInWords({ nonFinite, underflow }: Pick<InspectReport, 'nonFinite' | 'underflow'>): string[] {
  return [nonFinite, underflow].flatMap((each) => (each ? [localizeMessage(each.sentence)] : []));
}

/** What `backflow inspect` says of a flow; its sentences are told by their templates, since the terminal's language is one for all. */
import terminal from '../../l10n/terminal.json';
import type { InspectReport } from '../../src/protocol/engine';
import { defaultThresholds } from '../../src/protocol/settings';
import { piecesOf } from '../../src/messages';
import { rowsOf, type FlowRow } from '../../src/terminal/flowDrawing';
import { flowInWords } from '../../src/terminal/flowWords';
import type { Doubt, Said } from './said';

/** The longest first: what a short one leaves open can hold the rest of a longer one. */
const sentences = Object.entries(terminal)
  .filter(([key]) => key.startsWith('flow.') && key !== 'flow.fraction' && key !== 'flow.steps')
  .toSorted(([, a], [, b]) => b.length - a.length)
  .map(([key, template]) => ({ key, form: formOf(template) }));

export function saidInTerminal(report: InspectReport): Said[] {
  const lines = rowsOf(report, defaultThresholds).flatMap((row) =>
    flowInWords(report.tokens, [row], defaultThresholds).map((line) => ({ row, line })),
  );
  return lines.flatMap(({ row, line }) => {
    const key = sentences.find(({ form }) => form.test(line))?.key;
    return key ? [{ key, text: line.trim(), doubt: doubtOf(key, row) }] : [];
  });
}

function doubtOf(key: string, { flow, regions }: FlowRow): Doubt {
  const { vanishing, exploding } = defaultThresholds;
  const own = flow.log10[flow.target];
  // Of what the target does not reach there is no number.
  const others = Array.from(flow.log10, (value, t) => ({ lag: Math.abs(flow.target - t), ratio: value - own })).filter(
    ({ lag, ratio }) => lag > 0 && !Number.isNaN(ratio),
  );
  const { level } = flow;
  // Of the direction's own side, or else of the other.
  const horizon = flow.horizon ?? Math.min(...others.filter(({ ratio }) => ratio < vanishing).map(({ lag }) => lag));
  const isAboveAgain = others.some(({ lag, ratio }) => lag >= horizon && ratio > vanishing);
  switch (key) {
    case 'flow.falls':
      return isAboveAgain ? 'farther off it is above that again' : null;
    case 'flow.fallsAndRises':
      return isAboveAgain ? null : 'it is nowhere above that again';
    case 'flow.stays':
      return others.every(({ ratio }) => ratio >= vanishing) ? null : 'somewhere it is below that';
    case 'flow.level': {
      const far = others.filter(({ ratio }) => Math.abs(ratio - (level?.log10 ?? NaN)) > 1).length / others.length;
      return far > 0.25 ? `${(100 * far).toFixed(0)} % of the tokens are more than a factor of ten from it` : null;
    }
    case 'flow.explodingAt': {
      const claimed = regions.filter(({ kind }) => kind === 'exploding');
      const isLess = claimed.some(({ from, to }) => flow.log10.slice(from, to + 1).some((r) => r - own < exploding));
      return isLess ? 'somewhere in it the gradient is smaller' : null;
    }
    case 'flow.onlyTarget':
      return Number.isFinite(own) && others.length === 0 ? null : 'the numbers are not finite, or others reach it';
    case 'flow.zeroAtTarget':
      return own === -Infinity ? null : 'it is not zero';
    case 'flow.notFinite':
      return flow.log10.some((value) => Number.isNaN(value) || value === Infinity) ? null : 'all numbers are finite';
    default:
      return undefined;
  }
}

function formOf(template: string): RegExp {
  const parts = piecesOf(template).map((piece) =>
    typeof piece === 'string' ? piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') : '.+',
  );
  return new RegExp(`(^|: |  )${parts.join('')}$`, 's');
}

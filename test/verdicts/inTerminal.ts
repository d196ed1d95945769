/** What `backflow inspect` says of a flow; its sentences are told by their templates, since the terminal's language is one for all. */
import terminal from '../../l10n/terminal.json';
import type { InspectReport } from '../../src/protocol/engine';
import { defaultThresholds } from '../../src/protocol/settings';
import { piecesOf } from '../../src/messages';
import { rowsOf } from '../../src/terminal/flowDrawing';
import { flowInWords } from '../../src/terminal/flowWords';
import type { Said } from './said';

const sentences = Object.entries(terminal)
  .filter(([key]) => key.startsWith('flow.'))
  .map(([key, template]) => ({ key, form: formOf(template) }));

export function saidInTerminal(report: InspectReport): Said[] {
  const rows = rowsOf(report, defaultThresholds);
  return flowInWords(report.tokens, rows, defaultThresholds).flatMap((line, i) => {
    const found = sentences.filter(
      ({ key, form }) => key !== 'flow.fraction' && key !== 'flow.steps' && form.test(line),
    );
    return found.map(({ key }) => ({ key, text: line.trim(), doubt: doubtOf(key, report, i) }));
  });
}

function doubtOf(key: string, report: InspectReport, line: number): string | null {
  const { flow } = (report.layers.flatMap(({ states }) => states)[0] ?? report.inputs[0]) as {
    flow: { log10: Float64Array };
  };
  if (
    key === 'flow.onlyTarget' &&
    line === 0 &&
    flow.log10.some((value) => Number.isNaN(value)) &&
    report.tokens.length > 1
  )
    return 'the numbers are not finite';
  return null;
}

function formOf(template: string): RegExp {
  const parts = piecesOf(template).map((piece) =>
    typeof piece === 'string' ? piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') : '.+',
  );
  return new RegExp(`(^|: |  )${parts.join('')}$`, 's');
}

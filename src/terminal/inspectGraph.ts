/** The report of a model in graph mode, for a person. */
import type { GraphReport, GraphSummary } from '../protocol/graph';
import { drawFlow, drawLegend, type Canvas, type FlowRow } from './flowDrawing';
import { flowInWords, numbersInWords } from './flowWords';
import { glyphOf } from './glyphs';
import { localize, localizeMessage } from './language';
import { MatrixDrawing } from './matrixDrawing';
import { counted, lossText } from './numbers';

const roleNames = {
  embedding: 'series.embedding',
  state: 'series.state',
  residual: 'series.residual',
  tensor: 'series.tensor',
} as const;
/** Columns of a series' name at most. */
const maxLabel = 24;
/** Names that are listed of series that are not shown. */
const listedTensors = 12;

/** @param reading what is to be said of how the model was read, line by line */
export function readableGraph(
  { tensors, vocabularySize }: GraphSummary,
  reading: readonly string[],
  report: GraphReport,
  canvas: Canvas,
): string {
  const { tokens, target, lastTarget, loss, matrix, series } = report;
  const rows = series.flatMap(({ name, flow, regions }): FlowRow[] =>
    flow ? [{ label: shortened(name), isName: true, flow, regions }] : [],
  );
  const predicted = target + 1 < tokens.length ? tokens[target + 1] : lastTarget;
  const shown = new Set(series.map(({ name }) => name));
  const others = tensors.map(({ name }) => name).filter((name) => !shown.has(name));
  return [
    ...reading,
    ...report.notices.map(localizeMessage),
    ...(report.notices.length > 0 ? [''] : []),
    ...(loss === null
      ? []
      : [
          localize('report.graph', counted(vocabularySize, 'symbol'), counted(tokens.length, 'input'), lossText(loss)),
          localize('report.tracedBack', glyphOf(predicted), target),
        ]),
    '',
    ...drawFlow(tokens, target, rows, canvas),
    ...drawLegend(canvas),
    '',
    ...flowInWords(tokens, rows, canvas.thresholds),
    ...numbersInWords(report),
    ...series.map(({ name, role, width }) =>
      localize('report.series', shortened(name), localize(roleNames[role]), counted(width, 'unit')),
    ),
    ...(others.length > 0
      ? ['', localize('report.otherTensors', others.length, others.slice(0, listedTensors).join(', '))]
      : []),
    ...(matrix ? ['', ...matrixLines(matrix, tokens.length, canvas)] : []),
    '',
  ].join('\n');
}

/** Its end, which tells names of one module apart. */
function shortened(name: string): string {
  return name.length <= maxLabel ? name : `…${name.slice(1 - maxLabel)}`;
}

function matrixLines(matrix: Float64Array, steps: number, canvas: Canvas): string[] {
  const drawing = new MatrixDrawing(steps, canvas);
  drawing.add(matrix);
  return drawing.lines();
}

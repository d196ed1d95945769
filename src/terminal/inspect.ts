/** `backflow inspect`. */
import { readText } from '../engine/files/corpusFile';
import { kindOf } from '../layers/catalog';
import type { EngineCalls, EngineEvents, InspectReport, OpenResult } from '../protocol/engine';
import type { ModelSummary, Verification } from '../protocol/model';
import type { Caller } from '../protocol/rpc';
import { defaultTrainingSettings } from '../protocol/settings';
import type { InspectCommand } from './commandLine';
import { drawFlow, drawLegend, rowsOf, type Canvas } from './flowDrawing';
import { flowInWords, parameterNorms } from './flowWords';
import { glyphOf } from './glyphs';
import { readableGraph } from './inspectGraph';
import { graphJson, inspectJson, readingJson } from './inspectJson';
import { localize, localizeMessage } from './language';
import { drawMatrix } from './matrixDrawing';
import { counted, lossText } from './numbers';
import { UsageError } from './options';
import type { Output } from './output';

/** Rejects when the model or the text cannot be used; nothing has then been written. */
export async function inspect(
  engine: Caller<EngineCalls, EngineEvents>,
  command: InspectCommand,
  output: Output,
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const text = await readText(command.text);
  const { backend, threads } = defaultTrainingSettings;
  const opened = await engine.call('open', { ...command.model, text, allowsGraph: true, backend, threads });
  const canvas = {
    columns: output.columns,
    depth: output.colorDepth(environment),
    thresholds: command.request.thresholds,
  };
  if (opened.model.mode === 'graph') {
    const found = await engine.call('inspectGraph', {
      ...command.request,
      series: command.series,
      total: command.json,
      text,
    });
    if (command.json) output.writeJson(graphJson(opened.model, opened.notices, found));
    else output.write(readableGraph(opened.model, opened.notices, found, canvas));
    return;
  }
  if (command.series) throw new UsageError(localize('usage.tensorOfStack'));
  const report = await engine.call('inspect', { ...command.request, text });
  if (command.json) output.writeJson({ ...inspectJson(report), mode: 'stack', ...readingJson(opened) });
  else output.write(readable(opened, opened.model, report, text, canvas));
}

/** `LSTM, 2 layers of 128 units`; of layers that are not alike, each. */
function modelInWords({ layers }: ModelSummary): string {
  const words = layers.map(({ cell, hiddenSize }) => ({
    cell: kindOf(cell).label,
    units: counted(hiddenSize, 'unit'),
  }));
  const [first] = words;
  if (words.every(({ cell, units }) => cell === first.cell && units === first.units))
    return localize('report.layers', first.cell, counted(layers.length, 'layer'), first.units);
  return words.map(({ cell, units }) => localize('report.layersOf', cell, units)).join(', ');
}

function whereWrong({ disagreement }: Verification): string {
  if (!disagreement) return '';
  const { node, operator, difference } = disagreement;
  return ` ${localize('report.proofFirstDifference', node, operator, difference.toExponential(1))}`;
}

/** The same for a person. */
function readingInWords({ verification, notices, model: { producer } }: OpenResult): string[] {
  const from = producer === null ? [] : [localize('report.producer', producer)];
  const verified = verification ? [`${verificationInWords(verification)}${whereWrong(verification)}`] : [];
  const lines = [...from, ...verified, ...notices.map(localizeMessage)];
  return lines.length > 0 ? [...lines, ''] : [];
}

function verificationInWords({ agrees, tokens, difference, limit }: Verification): string {
  const facts = [counted(tokens, 'token'), difference.toExponential(1), limit] as const;
  return agrees ? localize('report.proofAgrees', ...facts) : localize('report.proofDisagrees', ...facts);
}

function readable(
  opened: OpenResult,
  model: ModelSummary,
  report: InspectReport,
  text: string,
  canvas: Canvas,
): string {
  const target = report.layers[0].states[0].flow.target;
  const rows = rowsOf(report);
  const { trainingStep } = opened;
  // The token after the target is what the loss traced back is about; the last input's is the text's last.
  const predicted =
    target + 1 < report.tokens.length
      ? report.tokens[target + 1]
      : text.slice(report.starts[target + 1], report.ends[target + 1]);
  const trained = trainingStep > 0 ? localize('report.trainedFor', counted(trainingStep, 'step')) : '';
  return [
    ...readingInWords(opened),
    localize(
      'report.model',
      modelInWords(model),
      trained,
      counted(report.tokens.length, 'input'),
      lossText(report.loss),
    ),
    localize('report.tracedBack', glyphOf(predicted), target),
    '',
    ...drawFlow(report.tokens, target, rows, canvas),
    ...drawLegend(canvas),
    '',
    ...flowInWords(report.tokens, rows, canvas.thresholds),
    '',
    localize('report.norms'),
    ...parameterNorms(report).map((line) => `  ${line}`),
    ...(report.matrix ? ['', ...drawMatrix(report.matrix, canvas)] : []),
    '',
  ].join('\n');
}

/** `backflow inspect` of a recording: one of its steps. */
import { readBytes, readTextIfAny } from '../engine/files/corpusFile';
import { inEnglish } from '../messages';
import type { EngineCalls, EngineEvents, InspectReport } from '../protocol/engine';
import type { RecordingReport } from '../protocol/recording';
import type { Caller } from '../protocol/rpc';
import { defaultTrainingSettings } from '../protocol/settings';
import { differenceInWords } from '../terms/numberFormat';
import type { InspectCommand } from './commandLine';
import { drawFlow, drawLegend, rowsOf, type Canvas, type FlowRow } from './flowDrawing';
import { flowInWords, numbersInWords, parameterNorms } from './flowWords';
import { glyphOf } from './glyphs';
import { matrixRows, numbersJson, partsOfJson, seriesJson } from './inspectJson';
import { localize, localizeMessage } from './language';
import { lineOf } from './lineOfText';
import { MatrixDrawing } from './matrixDrawing';
import { modelInWords } from './modelInWords';
import { counted, lossText, significant } from './numbers';
import { UsageError } from './options';
import type { Output } from './output';

/** Stands for a step that read numbers and no token. */
const noToken = '·';

export async function inspectRecording(
  engine: Caller<EngineCalls, EngineEvents>,
  command: InspectCommand,
  output: Output,
  canvas: Canvas,
  stop: AbortSignal,
): Promise<void> {
  const { model, step, target, json, request } = command;
  if (command.series) throw new UsageError(localize('usage.tensorOfRecording'));
  const text = command.text === null ? null : lineOf(await textOf(command.text, model.tokens), command, command.text);
  const { backend, threads } = defaultTrainingSettings;
  await engine.call('open', { ...model, text: null, allowsGraph: true, backend, threads }, stop);
  const { thresholds, matrix } = request;
  const report = await engine.call('inspectRecording', { step, text, target, thresholds, matrix }, stop);
  if (json) output.writeJson(recordingJson(report));
  else output.write(readableRecording(report, canvas));
}

async function textOf(path: string, tokens: 'byte' | undefined): Promise<string> {
  if (tokens === 'byte') return readBytes(path);
  const read = await readTextIfAny(path);
  if (read.refusal) throw read.refusal;
  return read.text;
}

/** Numbers that are not finite become null when it is written. */
export function recordingJson(report: RecordingReport): object {
  const { summary, metrics, tokens, series, matrix, stack, agreement, notices } = report;
  return {
    mode: 'recording',
    recording: {
      step: metrics.step,
      steps: summary.steps,
      side: summary.side,
      loss: metrics.loss,
      gradientNorm: metrics.gradientNorm,
      clippedNorm: metrics.clippedNorm,
      scale: metrics.scale,
    },
    ...(stack ? stackJson(stack.report) : { ...withoutStack, loss: metrics.loss, tokens, ...numbersJson(report) }),
    series: series.map(seriesJson),
    ...(matrix && { seriesMatrix: matrixRows(matrix) }),
    agreement,
    notices: notices.map(inEnglish),
  };
}

/** As a graph has it, which has no layers either. */
const withoutStack = {
  layers: [],
  parameters: [],
  output: {},
  embedding: null,
  regions: [],
  inputs: [],
  parameterNorms: {},
} as const;

function stackJson(report: InspectReport): object {
  const [before, after] = partsOfJson(report);
  return {
    ...before,
    ...(report.matrix && { matrix: matrixRows(report.matrix) }),
    ...after,
    ...(report.inputMatrix && { inputMatrix: matrixRows(report.inputMatrix) }),
  };
}

function readableRecording(report: RecordingReport, canvas: Canvas): string {
  const { stack, series, target, predicted } = report;
  const tokens = report.tokens ?? Array.from(series[0].norm, () => noToken);
  const rows = stack ? rowsOf(stack.report, canvas.thresholds) : seriesRows(report);
  const matrix = stack ? stack.report.matrix : report.matrix;
  return [
    ...headLines(report, tokens.length),
    predicted === null
      ? localize('report.recordingTarget', target)
      : localize('report.tracedBack', glyphOf(predicted), target),
    '',
    ...drawFlow(tokens, target, rows, canvas),
    ...drawLegend(canvas),
    '',
    ...flowInWords(tokens, rows, canvas.thresholds),
    ...numbersInWords(report),
    ...(stack ? ['', localize('report.norms'), ...parameterNorms(stack.report).map((line) => `  ${line}`)] : []),
    ...(matrix ? ['', ...matrixLines(matrix, tokens.length, canvas)] : []),
    '',
  ].join('\n');
}

function seriesRows({ series }: RecordingReport): FlowRow[] {
  return series
    .toReversed()
    .flatMap(({ name, flow, regions }): FlowRow[] => (flow ? [{ label: name, isName: true, flow, regions }] : []));
}

/** What was recorded, how it was read, and the norms on both sides of clipping. */
function headLines({ summary, metrics, stack, agreement, notices }: RecordingReport, steps: number): string[] {
  const { gradientNorm, clippedNorm, loss, scale } = metrics;
  const [before, after] = [gradientNorm, clippedNorm].map((norm) => (norm === null ? null : significant(norm)));
  const inputs = counted(steps, 'input');
  return [
    localize('report.recording', summary.model, metrics.step, summary.steps.length),
    ...(stack && agreement
      ? [
          agreement.agrees
            ? localize('report.recordingAgrees', agreement.series, differenceInWords(agreement.difference))
            : localize(
                'report.recordingDiffers',
                differenceInWords(agreement.difference),
                agreement.limit,
                agreement.at.series,
                agreement.at.step,
              ),
        ]
      : []),
    ...notices.map(localizeMessage),
    localize(summary.side === 'before-clipping' ? 'report.recordingSideBefore' : 'report.recordingSideAfter'),
    ...(before !== null && after !== null
      ? [localize('report.recordingClipped', before, after)]
      : before !== null || after !== null
        ? [localize('report.recordingNorm', before ?? after ?? '')]
        : []),
    ...(scale === null ? [] : [localize('report.recordingScale', significant(scale))]),
    '',
    ...(stack
      ? [localize('report.model', modelInWords(stack.model), '', inputs, lossText(stack.report.loss))]
      : loss === null
        ? []
        : [localize('report.recordingInputs', inputs, significant(loss))]),
  ];
}

function matrixLines(matrix: Float64Array, steps: number, canvas: Canvas): string[] {
  const drawing = new MatrixDrawing(steps, canvas);
  drawing.add(matrix);
  return drawing.lines();
}

/** `backflow inspect`. */
import { readBytes, readTextIfAny } from '../engine/files/corpusFile';
import { RecordingFolder } from '../engine/recording/recordingFolder';
import type { EngineCalls, EngineEvents, InspectReport, OpenResult } from '../protocol/engine';
import type { ModelSummary, Verification } from '../protocol/model';
import type { Caller } from '../protocol/rpc';
import { noSpectrumOfGraphs, type SpectrumReport } from '../protocol/spectrum';
import { defaultTrainingSettings } from '../protocol/settings';
import { differenceInWords } from '../terms/numberFormat';
import type { InspectCommand } from './commandLine';
import { drawFlow, drawLegend, rowsOf, type Canvas } from './flowDrawing';
import { flowInWords, numbersInWords, parameterNorms } from './flowWords';
import { glyphOf } from './glyphs';
import { readableGraph } from './inspectGraph';
import { graphJson, writeReport } from './inspectJson';
import { inspectRecording } from './inspectRecording';
import { localize, localizeMessage } from './language';
import { lineOf } from './lineOfText';
import { MatrixDrawing } from './matrixDrawing';
import { modelInWords } from './modelInWords';
import { counted, lossText, significant } from './numbers';
import { UsageError } from './options';
import type { Output } from './output';
import { rowsOfBoth, secondEngineFor } from './secondEngine';
import { spectrumInWords } from './spectrumReport';

const allBytes = 256;

/** Rejects when the model or the text cannot be used; nothing has then been written. */
export async function inspect(
  engine: Caller<EngineCalls, EngineEvents>,
  command: InspectCommand,
  output: Output,
  environment: NodeJS.ProcessEnv,
  stop: AbortSignal,
): Promise<void> {
  const { matrix, ...request } = command.request;
  const canvas = {
    columns: output.columns,
    depth: output.colorDepth(environment),
    thresholds: request.thresholds,
  };
  if (await RecordingFolder.find(command.model.path)) {
    await inspectRecording(engine, command, output, canvas, stop);
    return;
  }
  if (command.step !== null) throw new UsageError(localize('usage.stepOfModel', command.model.path));
  if (command.text === null) throw new UsageError(localize('usage.inspectWithoutText', command.model.path));
  const { opened, text: whole } = await openFor(engine, command.model, command.text, stop);
  const text = lineOf(whole, command, command.text);
  if (opened.model.mode === 'graph') {
    const { series, json } = command;
    const found = await engine.call('inspectGraph', { ...command.request, series, total: json, text });
    const noSpectrum = command.spectrum === null ? [] : [localizeMessage(noSpectrumOfGraphs)];
    if (json) output.writeJson(graphJson(opened.model, opened, found, command.spectrum !== null));
    else output.write(readableGraph(opened.model, [...noSpectrum, ...readingInWords(opened)], found, canvas));
    return;
  }
  if (command.series) throw new UsageError(localize('usage.tensorOfStack'));
  const report = await engine.call('inspect', { ...request, text, matrix: false });
  const spectrum = await spectrumOf(engine, command, text, stop);
  const steps = report.tokens.length;
  const { backend, threads } = defaultTrainingSettings;
  // The whole text, as for the first: a vocabulary can be made of it.
  const opening = { ...command.model, text: whole, allowsGraph: false, backend, threads };
  const second = matrix ? secondEngineFor(opening, steps) : null;
  const rows = rowsOfBoth(engine, second?.engine ?? null, text, steps);
  try {
    if (command.json) {
      await writeReport(output, report, opened, matrix ? rows : null, spectrum);
      return;
    }
    const drawing = matrix ? new MatrixDrawing(steps, canvas) : null;
    if (drawing) for await (const part of rows('matrix')) drawing.add(part);
    const further = [...(spectrum ? [spectrumInWords(spectrum)] : []), drawing?.lines() ?? []].filter(
      ({ length }) => length > 0,
    );
    output.write(readable(opened, opened.model, report, text, canvas, further));
  } finally {
    second?.end();
  }
}

async function spectrumOf(
  engine: Caller<EngineCalls, EngineEvents>,
  { spectrum, request: { target, thresholds } }: InspectCommand,
  text: string,
  stop: AbortSignal,
): Promise<SpectrumReport | null> {
  if (spectrum === null) return null;
  const { vanishing } = thresholds;
  return engine.call(
    'carriedSpectrum',
    { text, count: spectrum, values: spectrum, target, vanishing, byLag: false },
    stop,
  );
}

/** The model, and the text as it reads it: of a model of bytes any file is one. */
async function openFor(
  engine: Caller<EngineCalls, EngineEvents>,
  model: InspectCommand['model'],
  path: string,
  stop: AbortSignal,
): Promise<{ opened: OpenResult; text: string }> {
  const read = await readTextIfAny(path);
  const text = read.refusal ? null : read.text;
  const { backend, threads } = defaultTrainingSettings;
  const opened = await engine
    .call('open', { ...model, text, allowsGraph: true, backend, threads }, stop)
    .catch((thrown: unknown) => {
      throw read.refusal ?? thrown;
    });
  // One that knows every byte is also given those of a byte order mark.
  if (opened.unit === 'byte' && (text === null || opened.model.vocabularySize === allBytes))
    return { opened, text: await readBytes(path) };
  if (read.refusal) throw read.refusal;
  return { opened, text: read.text };
}

export function whereWrong({ disagreement }: Verification): string {
  if (!disagreement) return '';
  const { node, operator, difference } = disagreement;
  return ` ${localize('report.verificationFirstDifference', node, operator, differenceInWords(difference))}`;
}

/** The same for a person. */
function readingInWords({ verification, notices, model: { producer } }: OpenResult): string[] {
  const from = producer === null ? [] : [localize('report.producer', producer)];
  const verified = verification ? [`${verificationInWords(verification)}${whereWrong(verification)}`] : [];
  const lines = [...from, ...verified, ...notices.map(localizeMessage)];
  return lines.length > 0 ? [...lines, ''] : [];
}

export function verificationInWords({ by, of, agrees, tokens, difference, limit }: Verification): string {
  const size = differenceInWords(difference);
  const facts = [counted(tokens, 'token'), size, limit] as const;
  if (of === 'graph')
    return agrees
      ? localize('report.verificationGraphAgrees', ...facts)
      : localize('report.verificationGraphDisagrees', ...facts);
  if (by === 'graph')
    return agrees
      ? localize('report.verificationAgreesInFloat64', ...facts)
      : localize('report.verificationDisagreesInFloat64', ...facts);
  return agrees ? localize('report.verificationAgrees', ...facts) : localize('report.verificationDisagrees', ...facts);
}

function readable(
  opened: OpenResult,
  model: ModelSummary,
  report: InspectReport,
  text: string,
  canvas: Canvas,
  further: readonly (readonly string[])[],
): string {
  const { target } = report.inputs[0].flow;
  const { numbers } = report;
  const rows = rowsOf(report, canvas.thresholds);
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
      numbers ? 'report.modelOfNumbers' : 'report.model',
      modelInWords(model),
      trained,
      counted(report.tokens.length, 'input'),
      lossText(report.loss, numbers !== undefined),
    ),
    localize('report.tracedBack', glyphOf(predicted), target),
    ...(numbers ? [localize('report.numbers', listOf(numbers.predicted), listOf(numbers.target))] : []),
    '',
    ...drawFlow(numbers ? report.tokens.map((step) => `${step} `) : report.tokens, target, rows, canvas),
    ...drawLegend(canvas),
    '',
    ...flowInWords(report.tokens, rows, canvas.thresholds),
    ...numbersInWords(report),
    '',
    localize('report.norms'),
    ...parameterNorms(report).map((line) => `  ${line}`),
    ...further.flatMap((lines) => ['', ...lines]),
    '',
  ].join('\n');
}

function listOf(values: Float64Array): string {
  return Array.from(values, significant).join(', ');
}

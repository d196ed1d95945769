/** `backflow inspect`. */
import { readText } from '../engine/files/corpusFile';
import { kindOf, stateNamed } from '../layers/catalog';
import type { EngineCalls, EngineEvents, FlowReport, InspectReport, LayerReport, OpenResult } from '../protocol/engine';
import type { ModelSummary, Verification } from '../protocol/model';
import { inEnglish } from '../messages';
import type { Caller } from '../protocol/rpc';
import { defaultTrainingSettings } from '../protocol/settings';
import type { InspectCommand } from './commandLine';
import { drawFlow, drawLegend, type Canvas } from './flowDrawing';
import { flowInWords, parameterNorms } from './flowWords';
import { glyphOf } from './glyphs';
import { localize, localizeMessage } from './language';
import { drawMatrix } from './matrixDrawing';
import { counted, lossText } from './numbers';
import type { Output } from './output';

/** Rejects when the model or the text cannot be used; nothing has then been written. */
export async function inspect(
  engine: Caller<EngineCalls, EngineEvents>,
  command: InspectCommand,
  output: Output,
  environment: NodeJS.ProcessEnv,
  stop: AbortSignal,
): Promise<void> {
  const text = await readText(command.text);
  const { backend, threads } = defaultTrainingSettings;
  const opened = await engine.call('open', { ...command.model, text, backend, threads }, stop);
  const report = await engine.call('inspect', { ...command.request, text });
  if (command.json) output.writeJson({ ...inspectJson(report), ...readingJson(opened) });
  else
    output.write(
      readable(opened, report, text, {
        columns: output.columns,
        depth: output.colorDepth(environment),
        thresholds: command.request.thresholds,
      }),
    );
}

/** The report as the object of `inspect --json`; its numbers that are not finite become null when it is written. */
export function inspectJson(report: InspectReport): object {
  const { loss, tokens, layers, parameters, output, embedding, parameterNorms, inputs, regions, matrix, inputMatrix } =
    report;
  return {
    loss,
    tokens,
    layers: layers.map(layerJson),
    parameters: parameters.map(({ layer, direction, norms }) => ({ layer, direction, ...norms })),
    output: { W: output.W, b: output.b },
    embedding,
    regions: regions.map(({ layer, direction, kind, from, to }) => ({ layer, direction, kind, from, to })),
    ...(matrix && { matrix: matrixRows(matrix) }),
    inputs: inputs.map((input) => ({
      boundary: input.boundary,
      total: Array.from(input.total),
      flow: flowJson(input.flow),
    })),
    parameterNorms,
    ...(inputMatrix && { inputMatrix: matrixRows(inputMatrix) }),
  };
}

/** What it has of the first state alone, and of a cell state, is from before it listed the states. */
function layerJson({ layer, direction, kind, states }: LayerReport): object {
  const [first, ...further] = states;
  return {
    layer,
    direction,
    hidden: Array.from(first.norm),
    total: Array.from(first.total),
    totalCell: arrayOrNull(further.find(({ name }) => name === 'cell')?.total),
    flow: flowJson(first.flow),
    kind,
    states: states.map(({ name, width, norm, total, flow }) => ({
      name: stateNamed(name).symbol,
      width,
      norm: Array.from(norm),
      total: Array.from(total),
      flow: flowJson(flow),
    })),
  };
}

function flowJson({ target, log10, horizon }: FlowReport): object {
  return { target, log10: Array.from(log10), horizon };
}

function arrayOrNull(values: Float64Array | undefined): number[] | null {
  return values ? Array.from(values) : null;
}

/** Of a model of another tool: whether it was read rightly; of every one what was noticed. */
function readingJson({ verification, notices }: OpenResult): object {
  const isOfAnotherTool = verification !== null || notices.length > 0;
  return {
    ...(isOfAnotherTool && { proof: verification && proofJson(verification) }),
    notices: notices.map(inEnglish),
  };
}

function proofJson(verification: Verification): object {
  return {
    by: verification.by,
    tokens: verification.tokens,
    difference: verification.difference,
    limit: verification.limit,
    agrees: verification.agrees,
    disagreement: verification.disagreement,
  };
}

function matrixRows(matrix: Float64Array): number[][] {
  const size = Math.round(Math.sqrt(matrix.length));
  return Array.from({ length: size }, (_, row) => Array.from(matrix.subarray(row * size, (row + 1) * size)));
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

function verificationInWords({ by, agrees, tokens, difference, limit }: Verification): string {
  const size = Number.isFinite(difference) ? difference.toExponential(1) : '∞';
  const facts = [counted(tokens, 'token'), size, limit] as const;
  if (by === 'graph')
    return agrees
      ? localize('report.proofAgreesInFloat64', ...facts)
      : localize('report.proofDisagreesInFloat64', ...facts);
  return agrees ? localize('report.proofAgrees', ...facts) : localize('report.proofDisagrees', ...facts);
}

function readable(opened: OpenResult, report: InspectReport, text: string, canvas: Canvas): string {
  const target = report.layers[0].states[0].flow.target;
  const { model, trainingStep } = opened;
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
    ...drawFlow(report, canvas),
    ...drawLegend(canvas),
    '',
    ...flowInWords(report, canvas.thresholds),
    '',
    localize('report.norms'),
    ...parameterNorms(report).map((line) => `  ${line}`),
    ...(report.matrix ? ['', ...drawMatrix(report.matrix, canvas)] : []),
    '',
  ].join('\n');
}

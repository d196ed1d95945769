/** `backflow inspect`. */
import { readText } from '../engine/files/corpusFile';
import type { EngineCalls, EngineEvents, InspectReport, OpenResult } from '../protocol/engine';
import type { ModelSummary, Proof } from '../protocol/model';
import { formatMessage, type Caller } from '../protocol/rpc';
import { defaultTrainingSettings } from '../protocol/settings';
import type { InspectCommand } from './commandLine';
import { drawFlow, drawLegend, type Canvas } from './flowDrawing';
import { flowInWords, parameterNorms } from './flowWords';
import { glyphOf } from './glyphs';
import { drawMatrix } from './matrixDrawing';
import { counted, lossText } from './numbers';
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
  const opened = await engine.call('open', { ...command.model, text, backend, threads });
  const report = await engine.call('inspect', { ...command.request, text });
  if (command.json) output.writeJson({ ...inspectJson(report), ...readingJson(opened) });
  else output.write(readable(opened, report, text, { columns: output.columns, depth: output.colourDepth(environment), thresholds: command.request.thresholds }));
}

/** The report as the object of `inspect --json`; its numbers that are not finite become null when it is written. */
export function inspectJson(report: InspectReport): object {
  const { loss, tokens, layers, parameters, output, embedding, regions, matrix } = report;
  return {
    loss,
    tokens,
    layers: layers.map(({ layer, direction, hidden, total, totalCell, flow }) => ({
      layer,
      direction,
      hidden: Array.from(hidden),
      total: Array.from(total),
      totalCell: totalCell && Array.from(totalCell),
      flow: { target: flow.target, log10: Array.from(flow.log10), horizon: flow.horizon },
    })),
    parameters: parameters.map(({ layer, direction, W, R, Wb, Rb }) => ({ layer, direction, W, R, Wb, Rb })),
    output: { W: output.W, b: output.b },
    embedding,
    regions: regions.map(({ layer, direction, kind, from, to }) => ({ layer, direction, kind, from, to })),
    ...(matrix && { matrix: matrixRows(matrix) }),
  };
}

/** Of a model of another tool: whether it was read rightly, and what was noticed. */
function readingJson({ proof, notices }: OpenResult): object {
  if (!proof && notices.length === 0) return {};
  return { proof: proof && { tokens: proof.tokens, difference: proof.difference, limit: proof.limit, agrees: proof.agrees, disagreement: proof.disagreement }, notices: notices.map(formatMessage) };
}

function matrixRows(matrix: Float64Array): number[][] {
  const size = Math.round(Math.sqrt(matrix.length));
  return Array.from({ length: size }, (_, row) => Array.from(matrix.subarray(row * size, (row + 1) * size)));
}

/** `LSTM, 2 layers of 128 units`; of layers that are not alike, each. */
function modelInWords({ layers }: ModelSummary): string {
  const words = layers.map(({ cell, hiddenSize }) => ({ cell: cell.toUpperCase(), units: counted(hiddenSize, 'unit') }));
  const [first] = words;
  if (words.every(({ cell, units }) => cell === first.cell && units === first.units)) return `${first.cell}, ${counted(layers.length, 'layer')} of ${first.units}`;
  return words.map(({ cell, units }) => `${cell} of ${units}`).join(', ');
}

function whereWrong({ disagreement }: Proof): string {
  if (!disagreement) return '';
  const { node, operator, difference } = disagreement;
  return ` They differ first at the node “${node}” (${operator}), by ${difference.toExponential(1)} of its output’s size.`;
}

/** The same for a person. */
function readingInWords({ proof, notices, model: { producer } }: OpenResult): string[] {
  const from = producer === null ? [] : [`The file was written by ${producer}.`];
  const proved = proof
    ? [`Read ${proof.agrees ? 'rightly' : 'WRONGLY'}: on ${counted(proof.tokens, 'token')} the recognised model and the file’s own graph differ by ${proof.difference.toExponential(1)} of the log-probabilities’ size (limit ${proof.limit}).${whereWrong(proof)}`]
    : [];
  const lines = [...from, ...proved, ...notices.map(formatMessage)];
  return lines.length > 0 ? [...lines, ''] : [];
}

function readable(opened: OpenResult, report: InspectReport, text: string, canvas: Canvas): string {
  const target = report.layers[0].flow.target;
  const { model, trainingStep } = opened;
  // The token after the target is what the loss traced back is about; the last input's is the text's last.
  const predicted = (target + 1 < report.tokens.length ? report.tokens[target + 1] : Array.from(text).at(-1)) ?? '';
  const trained = trainingStep > 0 ? `, trained for ${counted(trainingStep, 'step')}` : '';
  return [
    ...readingInWords(opened),
    `${modelInWords(model)}${trained}. ${counted(report.tokens.length, 'input')}, loss ${lossText(report.loss)} per token.`,
    `Traced back: the loss of predicting “${glyphOf(predicted)}” at step ${target}.`,
    '',
    ...drawFlow(report, canvas),
    ...drawLegend(canvas),
    '',
    ...flowInWords(report, canvas.thresholds),
    '',
    'Norms of the gradient of the mean loss',
    ...parameterNorms(report).map((line) => `  ${line}`),
    ...(report.matrix ? ['', ...drawMatrix(report.matrix, canvas)] : []),
    '',
  ].join('\n');
}

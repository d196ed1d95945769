/** What `inspect --json` prints: its keys are a contract. */
import { stateNamed } from '../layers/catalog';
import { inEnglish } from '../messages';
import type { InspectReport, LayerReport, MatrixRowsRequest, OpenResult, StateReport } from '../protocol/engine';
import type { FlowReport } from '../protocol/flowReport';
import { placeJson, type RunOverflow } from '../protocol/nonFinite';
import type { Verification } from '../protocol/model';
import type { GraphReport, GraphSummary, SeriesReport } from '../protocol/graph';
import { noSpectrumOfGraphs, type SpectrumReport } from '../protocol/spectrum';
import type { Message } from '../messages';
import type { Output } from './output';
import { spectrumJson } from './spectrumReport';

/** The whole rows of a matrix, some at a time. */
export type RowsOf = (matrix: MatrixRowsRequest['matrix']) => AsyncIterable<Float64Array>;

/** One JSON object on a line, its matrices row by row as they are computed: together they can be larger than what can be held. */
export async function writeReport(
  output: Output,
  report: InspectReport,
  opened: OpenResult,
  rows: RowsOf | null,
  spectrum: SpectrumReport | null = null,
): Promise<void> {
  const [before, after] = partsOfJson(report).map(members);
  const steps = report.tokens.length;
  // The first rows come before anything is written: they may be refused.
  if (rows) await writeRows(output, `{${before},"matrix":[`, rows('matrix'), steps, `],${after}`);
  else output.write(`{${before},${after}`);
  if (rows) await writeRows(output, ',"inputMatrix":[', rows('inputMatrix'), steps, ']');
  const found = spectrum && { spectrum: spectrumJson(spectrum) };
  output.write(`,${members({ ...found, mode: 'stack', ...readingJson(opened, spectrum?.notices ?? []) })}}\n`);
}

async function writeRows(
  output: Output,
  before: string,
  rows: AsyncIterable<Float64Array>,
  steps: number,
  behind: string,
): Promise<void> {
  let separator = before;
  const nulls = ',null'.repeat(steps);
  for await (const part of rows) {
    for (let at = 0; at < part.length; at += steps) {
      output.write(separator + rowJson(part, at, steps, nulls));
      separator = ',';
    }
    await output.caughtUp();
  }
  output.write(behind);
}

/** Half of a matrix is what cannot be reached: behind a row's last number it is written at once. @param nulls `,null` as often as a row is long */
function rowJson(values: Float64Array, at: number, steps: number, nulls: string): string {
  let reached = steps;
  while (reached > 1 && Number.isNaN(values[at + reached - 1])) reached--;
  const numbers: number[] = [];
  for (let t = 0; t < reached; t++) numbers.push(values[at + t]);
  return `${JSON.stringify(numbers).slice(0, -1)}${nulls.slice(0, ',null'.length * (steps - reached))}]`;
}

/** What stands between the braces. */
function members(object: object): string {
  return JSON.stringify(object).slice(1, -1);
}

/** The report as the object of `inspect --json` in two parts, behind each of which a matrix comes; its numbers that are not finite become null when it is written. */
export function partsOfJson(report: InspectReport): [object, object] {
  const { loss, numbers, tokens, layers, parameters, output, embedding, parameterNorms, inputs, regions } = report;
  return [
    {
      loss,
      ...(numbers && { numbers: { predicted: Array.from(numbers.predicted), target: Array.from(numbers.target) } }),
      tokens,
      layers: layers.map(layerJson),
      parameters: parameters.map(({ layer, direction, norms }) => ({ layer, direction, ...norms })),
      output: { W: output.W, b: output.b },
      embedding,
      regions: regions.map(({ layer, direction, kind, from, to }) => ({ layer, direction, kind, from, to })),
    },
    {
      inputs: inputs.map((input) => ({
        boundary: input.boundary,
        total: Array.from(input.total),
        flow: flowJson(input.flow),
      })),
      parameterNorms,
      ...numbersJson(report),
    },
  ];
}

/** Where numbers leave float32. */
export function numbersJson({ nonFinite, underflow }: Pick<InspectReport, 'nonFinite' | 'underflow'>): object {
  return { nonFinite: nonFinite && placeJson(nonFinite), underflow: underflow && placeJson(underflow) };
}

function overflowJson({ trainingStep, stream, nonFinite }: RunOverflow): object {
  return { trainingStep, stream, nonFinite: nonFinite && placeJson(nonFinite) };
}

/** What it has of the first state alone, and of a cell state, is from before it listed the states. */
function layerJson({ layer, direction, kind, states }: LayerReport): object {
  // Of a layer without states, as attention, there is nothing to say under them; inputs say what reaches it.
  const [first, ...further] = states as readonly [StateReport?, ...StateReport[]];
  return {
    layer,
    direction,
    hidden: arrayOrNull(first?.norm),
    total: arrayOrNull(first?.total),
    totalCell: arrayOrNull(further.find(({ name }) => name === 'cell')?.total),
    flow: first ? flowJson(first.flow) : null,
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
function readingJson({ verification, notices, run }: OpenResult, further: readonly Message[]): object {
  const isOfAnotherTool = verification !== null || notices.length > 0;
  return {
    ...(run?.overflow && { overflow: overflowJson(run.overflow) }),
    ...(isOfAnotherTool && { proof: verification && verificationJson(verification) }),
    notices: [...notices, ...further].map(inEnglish),
  };
}

function verificationJson(verification: Verification): object {
  return {
    by: verification.by,
    tokens: verification.tokens,
    difference: verification.difference,
    limit: verification.limit,
    agrees: verification.agrees,
    disagreement: verification.disagreement,
  };
}

/** The same in graph mode, where there are no layers and so no parameters of them. */
export function graphJson(
  { tensors }: GraphSummary,
  { verification, notices: noticed }: OpenResult,
  report: GraphReport,
  wantsSpectrum = false,
): object {
  const { loss, tokens, series, matrix, notices } = report;
  return {
    mode: 'graph',
    loss,
    tokens,
    layers: [],
    parameters: [],
    output: {},
    embedding: null,
    regions: [],
    inputs: [],
    parameterNorms: {},
    ...numbersJson(report),
    series: series.map(seriesJson),
    ...(matrix && { seriesMatrix: matrixRows(matrix) }),
    ...(wantsSpectrum && { spectrum: null }),
    tensors: tensors.map(({ name }) => name),
    proof: verification && verificationJson(verification),
    notices: [...[...noticed, ...notices].map(inEnglish), ...(wantsSpectrum ? [inEnglish(noSpectrumOfGraphs)] : [])],
  };
}

export function seriesJson({ name, role, width, norm, total, flow }: SeriesReport): object {
  return {
    name,
    role,
    width,
    norm: Array.from(norm),
    total: total && Array.from(total),
    flow: flow && flowJson(flow),
  };
}

export function matrixRows(matrix: Float64Array): number[][] {
  const size = Math.round(Math.sqrt(matrix.length));
  return Array.from({ length: size }, (_, row) => Array.from(matrix.subarray(row * size, (row + 1) * size)));
}

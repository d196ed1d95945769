/** What `inspect --json` prints: its keys are a contract. */
import { stateNamed } from '../layers/catalog';
import { inEnglish, type Message } from '../messages';
import type { InspectReport, LayerReport, OpenResult } from '../protocol/engine';
import type { FlowReport } from '../protocol/flowReport';
import type { GraphReport, GraphSummary, SeriesReport } from '../protocol/graph';

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

/** Of a model of another tool: whether it was read rightly, and what was noticed. */
export function readingJson({ verification, notices }: OpenResult): object {
  const proof = verification && {
    tokens: verification.tokens,
    difference: verification.difference,
    limit: verification.limit,
    agrees: verification.agrees,
    disagreement: verification.disagreement,
  };
  return {
    ...((proof ?? notices.length > 0) && { proof }),
    notices: notices.map(inEnglish),
  };
}

function matrixRows(matrix: Float64Array): number[][] {
  const size = Math.round(Math.sqrt(matrix.length));
  return Array.from({ length: size }, (_, row) => Array.from(matrix.subarray(row * size, (row + 1) * size)));
}

/** The same in graph mode, where there are no layers and so no parameters of them. @param noticed on opening the model */
export function graphJson({ tensors }: GraphSummary, noticed: readonly Message[], report: GraphReport): object {
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
    series: series.map(seriesJson),
    ...(matrix && { seriesMatrix: matrixRows(matrix) }),
    tensors: tensors.map(({ name }) => name),
    notices: [...noticed, ...notices].map(inEnglish),
  };
}

function seriesJson({ name, role, width, norm, total, flow }: SeriesReport): object {
  return {
    name,
    role,
    width,
    norm: Array.from(norm),
    total: total && Array.from(total),
    flow: flow && flowJson(flow),
  };
}

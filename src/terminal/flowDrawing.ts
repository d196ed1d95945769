/** The flow of a probe as rows of cells under its text: one row a layer or series, one cell a step, wrapped to the terminal's width. */
import { stateNamed } from '../layers/catalog';
import type { InspectReport, LayerReport } from '../protocol/engine';
import type { FlowReport } from '../protocol/flowReport';
import { regionsOf, relativeTo, type Region, type Thresholds } from '../terms/regions';
import { glyphOf, widthOf } from './glyphs';
import { localize } from './language';
import { canPaint, dim, inverse, paintRatio, ratioCharacter } from './paint';

export interface Canvas {
  readonly columns: number;
  /** Bits of color. */
  readonly depth: number;
  readonly thresholds: Thresholds;
}

interface Cell {
  readonly glyph: string;
  readonly width: number;
}

/** One row of the drawing. */
export interface FlowRow {
  readonly label: string;
  /** The label is a name, and stays as it is at the beginning of a sentence. */
  readonly isName?: boolean;
  readonly flow: FlowReport;
  readonly regions: readonly Region[];
}

/** Every state of every layer and direction, the top layer first; of a layer without states what it reads. */
export function rowsOf(
  { layers, inputs, regions }: Pick<InspectReport, 'layers' | 'inputs' | 'regions'>,
  thresholds: Thresholds,
): FlowRow[] {
  return [...layers].reverse().flatMap((layer) => {
    if (layer.states.length === 0) return inputRows(layer, inputs, thresholds);
    return layer.states.map(({ name, flow }, s) => ({
      label: layer.states.length > 1 ? `${layerLabel(layer)} ${stateNamed(name).symbol}` : layerLabel(layer),
      flow,
      // The report has those of the first states.
      regions:
        s === 0
          ? regions.filter((region) => region.layer === layer.layer && region.direction === layer.direction)
          : regionsOf(relativeTo(flow.target, flow.log10), thresholds),
    }));
  });
}

function inputRows(layer: LayerReport, inputs: InspectReport['inputs'], thresholds: Thresholds): FlowRow[] {
  return inputs
    .filter(({ boundary }) => boundary === layer.layer)
    .map(({ boundary, flow }) => ({
      label: `${layerLabel(layer)} x^${boundary}`,
      flow,
      regions: regionsOf(relativeTo(flow.target, flow.log10), thresholds),
    }));
}

/** Lines of the drawing: the text with the rows under it. */
export function drawFlow(
  tokens: readonly string[],
  target: number,
  rows: readonly FlowRow[],
  canvas: Canvas,
): string[] {
  const labels = rows.map(({ label }) => label);
  const caption = localize('drawing.text');
  const margin = Math.max(...[caption, ...labels].map(widthOf)) + 2;
  const padded = (label: string) => label + ' '.repeat(margin - widthOf(label));
  const cells = tokens.map((symbol) => {
    const glyph = glyphOf(symbol);
    return { glyph, width: Math.max(1, widthOf(glyph)) };
  });
  return wrap(cells, Math.max(8, canvas.columns - margin - 1)).flatMap(([from, to]) => {
    const steps = Array.from({ length: to - from }, (_, i) => from + i);
    const text = steps.map((t) => textCell(cells[t], t === target, canvas)).join('');
    const drawn = rows.map(({ label, flow, regions }) => {
      const painted = steps.map((t) => flowCell(cells[t].width, ratioAt(flow, t), regionAt(regions, t), canvas));
      return padded(label) + painted.join('');
    });
    return [padded(caption) + text, ...drawn, ...targetMark(cells, from, to, target, margin, canvas), ''];
  });
}

/** What the cells mean, in one line and the scale. */
export function drawLegend({ depth, thresholds }: Canvas): string[] {
  const { vanishing, exploding } = thresholds;
  const steps = [
    2 * vanishing,
    1.5 * vanishing,
    vanishing,
    vanishing / 2,
    0,
    exploding / 2,
    exploding,
    1.5 * exploding,
    2 * exploding,
  ];
  const label = (ratio: number) => (ratio === 0 ? '1' : `10^${ratio}`);
  if (canPaint(depth)) {
    const scale = steps.map((ratio) => paintRatio('  ', ratio, thresholds, depth)).join('');
    return [
      localize('drawing.gradientScale', label(2 * vanishing), scale, label(2 * exploding)),
      localize('drawing.gradientCells', label(vanishing), label(exploding)),
    ];
  }
  const scale = steps.map((ratio) => ratioCharacter(ratio, thresholds)).join('');
  return [
    localize(
      'drawing.gradientScaleWithTarget',
      label(2 * vanishing),
      scale,
      label(2 * exploding),
      ratioCharacter(0, thresholds),
    ),
    localize('drawing.gradientLegend'),
  ];
}

/** log₁₀ of the size of the gradient at step t relative to that at the target; NaN where t cannot reach it. */
export function ratioAt(flow: FlowReport, t: number): number {
  const atTarget = flow.log10[flow.target];
  // A target whose own gradient is zero leaves nothing to be relative to.
  return atTarget === -Infinity && !Number.isNaN(flow.log10[t]) ? -Infinity : flow.log10[t] - atTarget;
}

export function layerLabel({ layer, direction }: Pick<LayerReport, 'layer' | 'direction'>): string {
  return `${localize('layer.number', layer + 1)}${direction === 'backward' ? ' ←' : ''}`;
}

/** The steps of each line, from and to (exclusive). */
function wrap(cells: readonly Cell[], width: number): [number, number][] {
  const lines: [number, number][] = [];
  let from = 0;
  let used = 0;
  cells.forEach((cell, t) => {
    if (used + cell.width > width) {
      lines.push([from, t]);
      from = t;
      used = 0;
    }
    used += cell.width;
  });
  if (from < cells.length) lines.push([from, cells.length]);
  return lines;
}

function textCell({ glyph, width }: Cell, isTarget: boolean, { depth }: Canvas): string {
  const text = glyph + ' '.repeat(Math.max(0, width - widthOf(glyph)));
  if (!canPaint(depth)) return text;
  return isTarget ? inverse(text) : glyph === '⏎' || glyph === '⇥' ? dim(text) : text;
}

function flowCell(
  width: number,
  ratio: number,
  region: Region['kind'] | undefined,
  { depth, thresholds }: Canvas,
): string {
  if (Number.isNaN(ratio)) return ' '.repeat(width);
  if (!canPaint(depth)) return ratioCharacter(ratio, thresholds).repeat(width);
  const mark = ratio === -Infinity ? '0' : region === 'vanishing' ? '.' : region === 'exploding' ? '!' : ' ';
  return paintRatio(mark.padEnd(width), ratio, thresholds, depth);
}

function regionAt(regions: readonly Region[], t: number): Region['kind'] | undefined {
  return regions.find(({ from, to }) => from <= t && t <= to)?.kind;
}

/** Without colors, a caret under the target's column; with them the token itself is marked. */
function targetMark(
  cells: readonly Cell[],
  from: number,
  to: number,
  target: number,
  margin: number,
  { depth }: Canvas,
): string[] {
  if (canPaint(depth) || target < from || target >= to) return [];
  const column = cells.slice(from, target).reduce((sum, { width }) => sum + width, 0);
  return [' '.repeat(margin + column) + '^'];
}

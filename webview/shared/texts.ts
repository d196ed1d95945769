/** The page's texts in the reader's language, and numbers written its way. */
import { stateNamed, unitMapNamed, type UnitMapName } from '../../src/layers/catalog';
import { formatTemplate, piecesOf, wordsBehind, type PageKey, type PageStrings } from '../../src/messages';
import type { FrameHeader } from '../../src/protocol/frame';
import type { SeriesRole } from '../../src/protocol/graph';
import type { FlowRow } from './flowRows';
import { NumberFormat } from '../../src/terms/numberFormat';
import { namedSeries, type NamedSeries } from './seriesNames';

export interface Segment {
  readonly text: string;
  /** What a number speaks of; null for ordinary text. */
  readonly tone: 'vanishing' | 'exploding' | null;
}

const roleKeys = {
  embedding: 'panel.role.embedding',
  state: 'panel.role.state',
  residual: 'panel.role.residual',
  tensor: 'panel.role.tensor',
} as const satisfies Record<SeriesRole, PageKey>;

/** What a row's name is made from. */
type Named = Pick<FlowRow, 'layer' | 'direction' | 'state' | 'naming' | 'series'>;

export class Texts {
  readonly numbers: NumberFormat;

  constructor(
    private readonly strings: PageStrings,
    readonly language: string,
  ) {
    this.numbers = new NumberFormat(language);
  }

  get(key: PageKey, ...args: readonly string[]): string {
    return formatTemplate(this.strings[key], args, ({ key: inner }) => inner);
  }

  /** The template as pieces, so that what is filled in can be emphasized and nothing is parsed as markup. */
  segments(key: PageKey, ...args: readonly (readonly Segment[])[]): Segment[] {
    return piecesOf(this.strings[key])
      .flatMap((piece): readonly Segment[] => {
        if (typeof piece === 'string') return [{ text: piece, tone: null }];
        const filled = (args as readonly (readonly Segment[] | undefined)[])[piece.index];
        if (!filled) return [{ text: `{${piece.index}}`, tone: null }];
        const written = filled.map(({ text }) => text).join('');
        return [...filled, { text: wordsBehind(piece.behind, written), tone: null }];
      })
      .filter((segment) => segment.text !== '');
  }

  tokens(count: number): string {
    return count === 1 ? this.get('panel.tokens.one') : this.get('panel.tokens.many', this.numbers.integer(count));
  }

  /** A size relative to the target's own step, from its log₁₀. */
  relative(log10: number): string {
    if (Number.isNaN(log10)) return this.get('panel.readout.unreachable');
    if (Number.isFinite(log10)) return this.numbers.fromLog10(log10);
    return this.get(log10 < 0 ? 'panel.readout.zero' : 'panel.readout.notFinite');
  }

  layer(layer: number, direction: 'forward' | 'backward'): string {
    return this.get(direction === 'forward' ? 'panel.row.layer' : 'panel.row.layerBackward', String(layer + 1));
  }

  unitMap(name: UnitMapName): string {
    return this.get(unitMapNamed(name).label);
  }

  /** What a frame's unit map shows, and where: “forget gate” and “layer 2”, or “value” and the tensor's name. */
  mapOf({ unitMap, graph }: FrameHeader): { readonly quantity: string; readonly place: string } {
    const series = graph && namedSeries(graph.series).at(unitMap.layer);
    return series
      ? { quantity: this.get('panel.units.value'), place: this.series(series) }
      : { quantity: this.unitMap(unitMap.quantity), place: this.layer(unitMap.layer, unitMap.direction) };
  }

  /** A tensor's name where there is little room. */
  series(series: NamedSeries): string {
    return series.isOnlyOfRole ? this.role(series.role) : series.short;
  }

  /** What a graph's tensor is in it. */
  role(role: SeriesRole): string {
    return this.get(roleKeys[role]);
  }

  /** A tensor's whole name, and what is known of it, for who wants to know which it is. */
  seriesInFull({ name, role, width, isReversed }: NamedSeries): string {
    const facts = this.get(isReversed ? 'panel.row.tensorReversed' : 'panel.row.tensorInFull', name, this.role(role));
    return `${facts}, ${this.get('panel.row.width', this.numbers.integer(width))}`;
  }

  /** A row's name in a margin: “layer 2”, of several states “layer 2, c” or “cell c”; of an input “input 2” or “output”; of a graph “embedding” or a tensor's name. */
  row({ layer, direction, state, naming, series }: Named): string {
    if (series) return this.series(series);
    if (naming === 'input') return this.get('panel.row.input', String(layer + 1));
    if (naming === 'output') return this.get('panel.row.output');
    const name = this.layer(layer, direction);
    if (naming === 'layer' || state === null) return name;
    const { symbol, short } = stateNamed(state);
    const word = this.get(short);
    // “conv” is its own letter: there is no room to say it twice.
    if (naming === 'state') return word === symbol ? symbol : this.get('panel.row.state', word, symbol);
    return this.get('panel.row.stateOf', name, symbol);
  }

  /** A row's name in a sentence: “layer 2”, of several states “the cell state of layer 2” or “the cell state”; “the input of layer 2”; of a graph “the embedding” or a tensor's name. */
  rowInSentence(row: Named): string {
    const { layer, direction, state, naming, series } = row;
    if (series) return this.get(series.isOnlyOfRole ? 'panel.row.theState' : 'panel.row.theTensor', this.row(row));
    if (naming === 'input') return this.get('panel.row.inputOf', this.layer(layer, direction));
    if (naming === 'output') return this.get('panel.row.inputOfOutput');
    const name = this.layer(layer, direction);
    if (naming === 'layer' || state === null) return name;
    const label = this.unitMap(stateNamed(state).unitMap);
    return naming === 'state' ? this.get('panel.row.theState', label) : this.get('panel.row.theStateOf', label, name);
  }
}

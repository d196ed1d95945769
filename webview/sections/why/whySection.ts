/** Why? What the units did over the same text: the gradient factor of each step, the unit map, how saturated the units are, how long they remember. */
import {
  isUnboundedBy,
  kindOf,
  rangeOf,
  unitMapNamesOf,
  unitMapOr,
  unitsOfChannel,
  type CellName,
  type UnitMapName,
} from '../../../src/layers/catalog';
import {
  unitMapOf,
  type Frame,
  type FrameHeader,
  type FrameOfGraph,
  type UnitMapChoice,
} from '../../../src/protocol/frame';
import type { LayerShape } from '../../../src/protocol/model';
import type { ToPage } from '../../../src/pageContract/messages';
import type { LayerConfig } from '../../../src/layers/layerConfig';
import type { RunDescription } from '../../../src/protocol/run';
import { layersOf } from '../../../src/protocol/settings';
import type { Direction } from '../../../src/layers/direction';
import { ChoiceRow, type Option } from '../../shared/choiceRow';
import type { PageKey } from '../../../src/messages';
import { element, setText } from '../../shared/dom';
import { formula } from '../../shared/formula';
import type { ExportedFigure, ExportedTable } from '../../shared/exporting/exported';
import { unitTables } from './unitTables';
import { drawColumnMarks } from '../../shared/figures/canvas';
import { GainFigure } from './gain';
import { listen } from '../../shared/figures/pointer';
import { UnitMapFigure } from './unitMap';
import { gesturesOver, type OverText } from '../../shared/gestures';
import type { Link } from '../../shared/link';
import type { PageParts, Scene, Section } from '../../shared/section';
import { sectionFrame } from '../../shared/sectionFrame';
import { namedSeries } from '../../shared/seriesNames';
import type { Texts } from '../../shared/texts';
import type { Theme } from '../../shared/theme';
import { UnitDetails } from './unitDetails';
import { orderOf, unitOrders, type UnitOrder } from './units/order';
import { quantityOf, statisticsOf, type UnitStatistics } from './units/statistics';

const orderKeys = {
  index: 'panel.order.index',
  saturation: 'panel.order.saturation',
  variance: 'panel.order.variance',
  similarity: 'panel.order.similarity',
} as const;

export class WhySection implements Section {
  readonly root: HTMLElement;
  private readonly gain: GainFigure;
  private readonly figure: UnitMapFigure;
  private readonly details: UnitDetails;
  private readonly quantities: ChoiceRow;
  private readonly layers: ChoiceRow;
  private readonly orders: ChoiceRow;
  private readonly caption = element('p', { class: 'caption dim' });
  private readonly sentence: HTMLElement;
  /** The gradient factor of each step, where there is one. */
  private readonly ofGain: HTMLElement;
  /** What the layer that is shown computes. */
  private readonly equations = element('div', { class: 'equations' });
  private equationsOf: CellName | null = null;
  private readonly texts: Texts;
  private readonly link: Link;
  private shown: OverText | null = null;
  private statistics: UnitStatistics | null = null;
  private choice: UnitMapChoice = { layer: 0, direction: 'forward', quantity: 'hidden' };
  private stack: readonly LayerShape[] = [];
  /** The reader has chosen, and no frame has shown it yet. */
  private awaited = false;
  private order: UnitOrder = 'index';
  /** Rows stay where they are while frames come in: they are sorted when the reader asks, and when the map or the text is another. */
  private sorted: { key: string; tokens: readonly string[]; rows: Uint32Array | null } | null = null;

  constructor(private readonly parts: PageParts) {
    const { texts } = parts;
    this.texts = texts;
    this.link = parts.link;
    this.gain = new GainFigure(texts);
    this.figure = new UnitMapFigure(texts, () => parts.redraw());
    this.details = new UnitDetails(parts);
    this.quantities = new ChoiceRow(texts.get('panel.units.quantity'), 'quantity', (quantity) =>
      this.choose({ ...this.choice, quantity: quantity as UnitMapName }),
    );
    this.layers = new ChoiceRow(texts.get('panel.units.layer'), 'layer', (place) => this.choose(this.choiceAt(place)));
    this.orders = new ChoiceRow(
      texts.get('panel.order.choice'),
      'order',
      (order) => this.sortBy(order as UnitOrder),
      true,
    );
    const { root, sentence, explanation } = sectionFrame(texts, {
      id: 'why',
      title: 'panel.why.title',
      sentence: 'panel.why.sentence',
      explanation: [
        'panel.gradientFactor.explained',
        { formula: 'factor_t = ‖∂ℓ_τ/∂h_t‖ / ‖∂ℓ_τ/∂h_{t+1}‖' },
        'panel.saturation.explained',
        'panel.halfLife.explained',
        { formula: 'half-life = ln ½ / mean_t ln f_t' },
        'panel.order.explained',
      ],
      onExport: () => parts.exportSection(this),
    });
    explanation.append(this.equations);
    const { canvas } = this.figure.map.figure;
    this.ofGain = element(
      'div',
      { class: 'figures' },
      element('h3', { text: texts.get('panel.gradientFactor.title') }),
      this.gain.figure.canvas,
    );
    root.append(
      this.ofGain,
      element('div', { class: 'heading choosing' }, this.quantities.root, this.layers.root),
      element(
        'div',
        { class: 'heading ordering' },
        element('span', { class: 'dim', text: texts.get('panel.order.label') }),
        this.orders.root,
      ),
      canvas,
      this.caption,
      this.details.root,
    );
    this.root = root;
    this.sentence = sentence;
    listen(this.gain.figure.canvas, gesturesOver(parts, { shown: () => this.shown }));
    listen(
      canvas,
      gesturesOver(parts, {
        shown: () => this.shown,
        unitAt: (y) => this.unitAt(y),
        unitBeside: (unit, offset) => this.unitBeside(unit, offset),
        rows: this.figure.map.rows,
        rowPlaceAt: (y) => this.figure.map.rowPlaceAt(y),
      }),
    );
  }

  receive(message: ToPage): void {
    if (message.type === 'run') this.restore(message.run);
  }

  draw(scene: Scene): void {
    const { frame, columns, theme, width, view, fresh, run, rows } = scene;
    // Of an earlier training step there is no unit map, nor of a tensor that is too wide.
    const isShown = frame !== null && frame.header.unitMap.units > 0;
    this.root.hidden = !isShown;
    this.shown = isShown ? { columns, frame } : null;
    if (!isShown) return;
    const { header } = frame;
    if (fresh.frame || fresh.paint) {
      this.gain.show(rows, header.target);
      this.gain.figure.describe(this.texts.get('panel.gradientFactor.description'));
      this.paint(frame, theme, run !== null && header.graph === undefined && hasNoBound(run, header.unitMap.layer));
    }
    this.gain.draw(width, columns, theme, { target: header.target, mark: view.mark });
    const row = view.unit === null ? null : this.figure.rowOf(view.unit);
    this.figure.map.draw(width, columns, theme, { row, column: view.mark }, (pen, { top, height }) =>
      drawColumnMarks(pen, columns, theme, { target: header.target, mark: null }, top - 3, top + height + 3),
    );
    this.details.draw(theme, view.unit);
  }

  figures(): readonly ExportedFigure[] {
    if (!this.shown) return [];
    const { texts } = this;
    const { quantity, place } = texts.mapOf(this.shown.frame.header);
    return [
      ...(this.ofGain.hidden ? [] : [this.gain.figure.exported('gain', texts.get('panel.gradientFactor.title'))]),
      this.figure.map.figure.exported('units', `${quantity}, ${place}`),
      ...this.details.figures(),
    ];
  }

  tables(): readonly ExportedTable[] {
    return this.shown && this.statistics ? unitTables(this.shown.frame, this.statistics, this.texts) : [];
  }

  private unitAt(y: number): number | null {
    const { row } = this.figure.map.cellAt(0, y);
    return row === null ? null : this.figure.unitOf(row);
  }

  private unitBeside(unit: number | null, offset: number): number {
    const last = (this.shown?.frame.header.unitMap.units ?? 1) - 1;
    const row = unit === null ? 0 : Math.max(0, Math.min(last, this.figure.rowOf(unit) + offset));
    this.figure.map.rows.reveal(row);
    return this.figure.unitOf(row);
  }

  /** A run opened later is asked for what the page showed before, if this model has it. */
  private restore(run: RunDescription | null): void {
    const order = unitOrders.find((each) => each === this.link.keptView('order'));
    if (order) this.order = order;
    const { unitMap } = this.link.state();
    const exists = run && !run.graph && unitMap && hasUnitMap(layersOf(run.model).at(unitMap.layer), unitMap);
    this.awaited = exists === true;
    if (!exists) return;
    this.choice = unitMap;
    this.link.unitMap(unitMap);
  }

  /** The tabs follow the frames, but never jump back from a choice whose first frame is still on its way. */
  private follow({ layer, direction, quantity }: UnitMapChoice): void {
    const isShown =
      layer === this.choice.layer && direction === this.choice.direction && quantity === this.choice.quantity;
    if (isShown) this.awaited = false;
    else if (!this.awaited) this.choice = { layer, direction, quantity };
  }

  /** A new frame, theme or width. `relu`: the hidden state of this model has no upper bound. */
  private paint(frame: Frame, theme: Theme, relu: boolean): void {
    const { texts } = this;
    const { layers: stack, unitMap, graph } = frame.header;
    const quantity = quantityOf(frame.header);
    const noGain = gainRefusal(stack);
    this.ofGain.hidden = noGain !== null;
    this.stack = stack;
    setText(this.sentence, this.sentenceFor(graph !== undefined, noGain));
    this.explain(graph ? null : stack[unitMap.layer].cell);
    this.follow(unitMap);
    this.quantities.show(
      graph
        ? []
        : unitMapNamesOf(stack[this.choice.layer].cell).map((value) => ({ value, text: texts.unitMap(value) })),
      this.choice.quantity,
    );
    this.layers.show(
      graph ? tensorOptions(graph, texts) : layerOptions(stack, texts),
      placeOf(this.choice.layer, this.choice.direction),
    );
    const values = unitMapOf(frame);
    const statistics = statisticsOf(values, unitMap.units, quantity, !relu);
    this.statistics = statistics;
    const orders = unitOrders.filter((order) => order !== 'saturation' || statistics.left !== null);
    if (!orders.includes(this.order)) this.order = 'index';
    this.orders.show(
      orders.map((value) => ({ value, text: texts.get(orderKeys[value]) })),
      this.order,
    );
    const bounded =
      !graph && rangeOf(stack[unitMap.layer].cell, unitMap.quantity, relu ? 'relu' : 'tanh') !== 'unbounded';
    this.figure.show(frame, theme, bounded, this.rowsFor(frame, values, statistics));
    const { quantity: name, place } = texts.mapOf(frame.header);
    this.figure.map.figure.describe(
      texts.get('panel.units.description', name, place, texts.numbers.integer(unitMap.units)),
    );
    const sizes = sizesInWords(frame.header, texts);
    setText(this.caption, [`${name}, ${place}`, sizes].join(' · '));
    this.details.show(statistics, quantity, relu && unitMap.quantity === 'hidden');
  }

  private sentenceFor(isGraph: boolean, noGain: PageKey | null): string {
    const { texts } = this;
    if (isGraph) return texts.get('panel.why.sentenceOfTensors');
    if (noGain === null) {
      const kept = decaysOf(this.stack);
      return kept ? texts.get('panel.why.sentenceOfDecays', texts.unitMap(kept)) : texts.get('panel.why.sentence');
    }
    return `${texts.get('panel.why.sentenceOfMixers')} ${texts.get(noGain)}`;
  }

  /** The equations of a kind, with the letters of what can be chosen here. */
  private explain(cell: CellName | null): void {
    if (cell === this.equationsOf) return;
    this.equationsOf = cell;
    const { texts } = this;
    if (cell === null) {
      this.equations.replaceChildren();
      return;
    }
    const { label, equations, unitMaps } = kindOf(cell);
    const letters = unitMaps.map(({ name, symbol }) => withLetter(texts.unitMap(name), symbol)).join(', ');
    this.equations.replaceChildren(
      element('p', { text: texts.get('panel.why.explainedEquations', label, letters) }),
      ...equations.map(formula),
    );
  }

  private rowsFor(frame: Frame, values: Float32Array, statistics: UnitStatistics): Uint32Array | null {
    const { unitMap, tokens } = frame.header;
    const key = [this.order, unitMap.layer, unitMap.direction, unitMap.quantity, unitMap.units].join();
    const known = this.sorted;
    if (known?.key !== key || !isSameText(known.tokens, tokens))
      this.sorted = { key, tokens, rows: orderOf(this.order, values, unitMap.units, statistics) };
    return this.sorted?.rows ?? null;
  }

  private sortBy(order: UnitOrder): void {
    this.order = order;
    this.sorted = null;
    this.link.keepView('order', order);
    this.parts.repaint();
  }

  /** The same quantity at another place, or the first that the layer there has. */
  private choiceAt(place: string): UnitMapChoice {
    const [layer, direction] = place.split(' ');
    const cell = this.stack.at(Number(layer))?.cell;
    const { quantity } = this.choice;
    return {
      layer: Number(layer),
      direction: direction === 'backward' ? 'backward' : 'forward',
      quantity: cell ? unitMapOr(cell, quantity) : quantity,
    };
  }

  private choose(choice: UnitMapChoice): void {
    this.choice = choice;
    this.awaited = true;
    this.link.unitMap(choice);
  }
}

/** How many units and tokens a map has, and of which channels the units are. */
function sizesInWords({ layers, unitMap, tokens, graph }: FrameHeader, texts: Texts): string {
  const { numbers } = texts;
  const { layer, quantity, units } = unitMap;
  const counts = [numbers.integer(units), numbers.integer(tokens.length)] as const;
  const own = graph ? undefined : layers.at(layer);
  const inEach = own && unitsOfChannel(own.cell, quantity, { hidden: own.hiddenSize, options: own.options });
  return inEach
    ? texts.get('panel.units.captionOfChannels', ...counts, numbers.integer(units / inEach), numbers.integer(inEach))
    : texts.get('panel.units.caption', ...counts);
}

/** Of a stack of mixers with states, by what these are multiplied at each step; null of others, whose gates keep them. */
function decaysOf(stack: readonly LayerShape[]): UnitMapName | null {
  const kinds = stack.map(({ cell }) => kindOf(cell));
  if (kinds.some(({ mixer }) => !mixer)) return null;
  return kinds.flatMap(({ unitMaps }) => unitMaps).find(({ keeps }) => keeps)?.name ?? null;
}

/** Whether the values of a layer's state have no upper bound. */
function hasNoBound({ model }: RunDescription, layer: number): boolean {
  const own = layersOf(model).at(layer);
  return own !== undefined && isUnboundedBy(own.cell, own.activation);
}

function hasUnitMap(layer: LayerConfig | undefined, { quantity }: UnitMapChoice): boolean {
  return layer !== undefined && unitMapNamesOf(layer.cell).includes(quantity);
}

/** “forget gate f”; some names end with their letter. */
function withLetter(name: string, letter: string): string {
  return name.endsWith(` ${letter}`) ? name : `${name} ${letter}`;
}

/** Why no layer has a gain from step to step; null where one has. */
function gainRefusal(stack: readonly LayerShape[]): PageKey | null {
  const refusals = stack.map(({ cell }) => kindOf(cell).notApplicable.gain ?? null);
  return refusals.length > 0 && refusals.every((refusal) => refusal !== null) ? refusals[0] : null;
}

function isSameText(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((symbol, i) => symbol === other[i]);
}

function layerOptions(stack: readonly LayerShape[], texts: Texts): Option[] {
  return stack.flatMap(({ directions }, layer) =>
    directions.map((direction) => ({ value: placeOf(layer, direction), text: texts.layer(layer, direction) })),
  );
}

/** In the order of the graph. */
function tensorOptions({ series }: FrameOfGraph, texts: Texts): Option[] {
  return namedSeries(series).map((each, layer) => ({
    value: placeOf(layer, each.isReversed ? 'backward' : 'forward'),
    text: texts.series(each),
  }));
}

function placeOf(layer: number, direction: Direction): string {
  return `${layer} ${direction}`;
}

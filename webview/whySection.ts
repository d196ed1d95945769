/** Why? What the units did over the same text: the unit map, and the choice of what it shows. */
import { unitMapOf, unitQuantities, type Frame, type UnitMapChoice, type UnitQuantity } from '../src/protocol/frame';
import type { LayerShape } from '../src/protocol/model';
import type { ToPage } from '../src/protocol/panel';
import type { RunDescription } from '../src/protocol/run';
import type { Direction } from '../src/protocol/settings';
import { ChoiceRow } from './controls';
import { element, setText } from './dom';
import { drawColumnMarks } from './figures/canvas';
import { listen } from './figures/pointer';
import { isGate, UnitMapFigure } from './figures/unitMap';
import { gesturesOver, type OverText } from './gestures';
import type { Link } from './link';
import type { PageParts, Scene, Section } from './section';
import type { Texts } from './texts';
import type { Theme } from './theme';

export class WhySection implements Section {
  readonly root: HTMLElement;
  private readonly figure: UnitMapFigure;
  private readonly quantities: ChoiceRow;
  private readonly layers: ChoiceRow;
  private readonly caption = element('p', { class: 'caption dim' });
  private shown: OverText | null = null;
  private choice: UnitMapChoice = { layer: 0, direction: 'forward', quantity: 'hidden' };
  private stack: readonly LayerShape[] = [];
  /** The reader has chosen, and no frame has shown it yet. */
  private awaited = false;

  private readonly texts: Texts;
  private readonly link: Link;

  constructor(parts: PageParts) {
    const { texts } = parts;
    this.texts = texts;
    this.link = parts.link;
    this.figure = new UnitMapFigure(texts, () => parts.redraw());
    this.quantities = new ChoiceRow(texts.get('quantity'), 'quantity', (quantity) => this.choose({ ...this.choice, quantity: quantity as UnitQuantity }));
    this.layers = new ChoiceRow(texts.get('layerChoice'), 'layer', (place) => this.choose(this.choiceAt(place)));
    const { canvas } = this.figure.map.figure;
    this.root = element(
      'section',
      { class: 'why' },
      element('div', { class: 'heading' }, element('h2', { text: texts.get('whyTitle') }), this.quantities.root, element('span', { class: 'grow' }), this.layers.root),
      canvas,
      this.caption,
    );
    listen(
      canvas,
      gesturesOver(parts, {
        shown: () => this.shown,
        unitAt: (y) => this.unitAt(y),
        unitBeside: (unit, by) => this.unitBeside(unit, by),
      }),
    );
  }

  receive(message: ToPage): void {
    if (message.type === 'run') this.restore(message.run);
  }

  draw(scene: Scene): void {
    const { frame, columns, theme, width, view, fresh, run } = scene;
    // Of an earlier training step there is no unit map.
    const isShown = frame !== null && frame.header.unitMap.units > 0;
    this.root.hidden = !isShown;
    this.shown = isShown ? { columns, frame } : null;
    if (!isShown) return;
    const { header } = frame;
    if (fresh.frame || fresh.paint) this.paint(frame, theme, run?.model.activation === 'relu' && header.layers[header.unitMap.layer].cell === 'rnn');
    const row = view.unit === null || view.mark === null ? null : this.figure.rowOf(view.unit);
    this.figure.map.draw(width, columns, theme, { row, column: view.mark }, (pen, rows) =>
      drawColumnMarks(pen, columns, theme, { target: header.target, mark: null }, rows.top - 3, rows.top + rows.height + 3),
    );
  }

  private unitAt(y: number): number | null {
    const { row } = this.figure.map.cellAt(0, y);
    return row === null ? null : this.figure.unitOf(row);
  }

  private unitBeside(unit: number | null, by: number): number {
    const last = (this.shown?.frame.header.unitMap.units ?? 1) - 1;
    const row = unit === null ? 0 : Math.max(0, Math.min(last, this.figure.rowOf(unit) + by));
    this.figure.map.rows.reveal(row);
    return this.figure.unitOf(row);
  }

  /** A run opened later is asked for what the page showed before, if this model has it. */
  private restore(run: RunDescription | null): void {
    const { unitMap } = this.link.state();
    const exists = run && unitMap && unitMap.layer < run.model.layers && unitQuantities[run.model.cell].includes(unitMap.quantity);
    this.awaited = exists === true;
    if (!exists) return;
    this.choice = unitMap;
    this.link.unitMap(unitMap);
  }

  /** The tabs follow the frames, but never jump back from a choice whose first frame is still on its way. */
  private follow({ layer, direction, quantity }: UnitMapChoice): void {
    const shown = layer === this.choice.layer && direction === this.choice.direction && quantity === this.choice.quantity;
    if (shown) this.awaited = false;
    else if (!this.awaited) this.choice = { layer, direction, quantity };
  }

  /** A new frame, theme or width. `relu`: the hidden state of this model has no upper bound. */
  private paint(frame: Frame, theme: Theme, relu: boolean): void {
    const { texts } = this;
    const { layers: stack, unitMap, tokens } = frame.header;
    this.stack = stack;
    this.follow(unitMap);
    this.quantities.show(unitQuantities[stack[this.choice.layer].cell].map((value) => ({ value, text: texts.get(value) })), this.choice.quantity);
    const layers = stack.flatMap(({ directions }, layer) => directions.map((direction) => ({ value: placeOf(layer, direction), text: texts.layer(layer, direction) })));
    this.layers.show(layers, placeOf(this.choice.layer, this.choice.direction));
    const bounded = unitMap.quantity !== 'cellState' && !(unitMap.quantity === 'hidden' && relu);
    this.figure.show(frame, theme, bounded, null);
    const name = texts.get(unitMap.quantity);
    this.figure.map.figure.describe(texts.get('unitsDescription', name, texts.layer(unitMap.layer, unitMap.direction), texts.numbers.integer(unitMap.units)));
    const sizes = texts.get('unitsCaption', texts.numbers.integer(unitMap.units), texts.numbers.integer(tokens.length));
    setText(this.caption, [`${name}, ${texts.layer(unitMap.layer, unitMap.direction)}`, sizes, ...this.findings(frame, relu)].join(' · '));
  }

  /** What the map comes to: how saturated the gates are, how many relu units are dead. */
  private findings(frame: Frame, relu: boolean): string[] {
    const { texts } = this;
    const { unitMap } = frame.header;
    const values = unitMapOf(frame);
    if (isGate(unitMap.quantity)) {
      let [open, shut] = [0, 0];
      for (const value of values) {
        if (value > 0.9) open++;
        else if (value < 0.1) shut++;
      }
      return [texts.get('gateOpen', texts.numbers.percent(open, values.length)), texts.get('gateShut', texts.numbers.percent(shut, values.length))];
    }
    if (unitMap.quantity !== 'hidden' || !relu) return [];
    let dead = 0;
    for (let unit = 0; unit < unitMap.units; unit++) {
      let alive = false;
      for (let at = unit; at < values.length && !alive; at += unitMap.units) alive = values[at] !== 0;
      if (!alive) dead++;
    }
    return dead === 0 ? [] : [texts.get('deadUnits', texts.numbers.integer(dead))];
  }

  /** The same quantity at another place, or the hidden state where that layer's cell has no such quantity. */
  private choiceAt(place: string): UnitMapChoice {
    const [layer, direction] = place.split(' ');
    const cell = this.stack.at(Number(layer))?.cell;
    const { quantity } = this.choice;
    return { layer: Number(layer), direction: direction === 'backward' ? 'backward' : 'forward', quantity: cell && unitQuantities[cell].includes(quantity) ? quantity : 'hidden' };
  }

  private choose(choice: UnitMapChoice): void {
    this.choice = choice;
    this.awaited = true;
    this.link.unitMap(choice);
  }
}

function placeOf(layer: number, direction: Direction): string {
  return `${layer} ${direction}`;
}

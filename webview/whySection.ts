/** Why? What the units did over the same text: the unit map, and the choice of what it shows. */
import { unitMapOf, unitQuantities, type Frame, type UnitMapChoice, type UnitQuantity } from '../src/protocol/frame';
import type { LayerShape } from '../src/protocol/model';
import type { Direction } from '../src/protocol/settings';
import { stepAt, type Columns } from './columns';
import { ChoiceRow } from './controls';
import { element, setText } from './dom';
import type { Marked } from './figures/canvas';
import { listen } from './figures/pointer';
import { isGate, UnitMapFigure } from './figures/unitMap';
import type { SharedGestures } from './flowSection';
import type { Texts } from './texts';
import type { Theme } from './theme';

export class WhySection {
  readonly root: HTMLElement;
  private readonly map: UnitMapFigure;
  private readonly quantities: ChoiceRow;
  private readonly layers: ChoiceRow;
  private readonly caption = element('p', { class: 'caption dim' });
  private columns: Columns | null = null;
  private choice: UnitMapChoice = { layer: 0, direction: 'forward', quantity: 'hidden' };
  private stack: readonly LayerShape[] = [];
  /** The reader has chosen, and no frame has shown it yet. */
  private awaited = false;

  constructor(
    private readonly texts: Texts,
    gestures: SharedGestures,
    private readonly chosen: (choice: UnitMapChoice) => void,
  ) {
    this.map = new UnitMapFigure(texts);
    this.quantities = new ChoiceRow(texts.get('quantity'), 'quantity', (quantity) => this.choose({ ...this.choice, quantity: quantity as UnitQuantity }));
    this.layers = new ChoiceRow(texts.get('layerChoice'), 'layer', (place) => this.choose(this.choiceAt(place)));
    this.root = element(
      'section',
      { class: 'why' },
      element('div', { class: 'heading' }, element('h2', { text: texts.get('whyTitle') }), this.quantities.root, element('span', { class: 'grow' }), this.layers.root),
      this.map.figure.canvas,
      this.caption,
    );
    listen(this.map.figure.canvas, {
      ...gestures,
      stepAt: (x) => (this.columns ? stepAt(this.columns, x) : null),
      rowAt: (y) => this.map.unitAt(y),
    });
  }

  /** Chosen for the reader: what the page showed before it was closed. */
  restore(choice: UnitMapChoice | null): void {
    this.awaited = choice !== null;
    if (choice) this.choice = choice;
  }

  /** The tabs follow the frames, but never jump back from a choice whose first frame is still on its way. */
  private follow({ layer, direction, quantity }: UnitMapChoice): void {
    const shown = layer === this.choice.layer && direction === this.choice.direction && quantity === this.choice.quantity;
    if (shown) this.awaited = false;
    else if (!this.awaited) this.choice = { layer, direction, quantity };
  }

  /** A new frame, theme or width. `relu`: the hidden state of this model has no upper bound. */
  paint(frame: Frame, columns: Columns, theme: Theme, relu: boolean): void {
    const { texts } = this;
    const { layers: stack, unitMap, tokens } = frame.header;
    this.columns = columns;
    this.stack = stack;
    this.follow(unitMap);
    this.quantities.show(unitQuantities[stack[this.choice.layer].cell].map((value) => ({ value, text: texts.get(value) })), this.choice.quantity);
    const layers = stack.flatMap(({ directions }, layer) => directions.map((direction) => ({ value: placeOf(layer, direction), text: texts.layer(layer, direction) })));
    this.layers.show(layers, placeOf(this.choice.layer, this.choice.direction));
    const bounded = unitMap.quantity !== 'cellState' && !(unitMap.quantity === 'hidden' && relu);
    this.map.paint(frame, columns, theme, bounded);
    const name = texts.get(unitMap.quantity);
    this.map.figure.describe(texts.get('unitsDescription', name, texts.layer(unitMap.layer, unitMap.direction), texts.numbers.integer(unitMap.units)));
    const sizes = texts.get('unitsCaption', texts.numbers.integer(unitMap.units), texts.numbers.integer(tokens.length));
    setText(this.caption, [`${name}, ${texts.layer(unitMap.layer, unitMap.direction)}`, sizes, ...this.findings(frame, relu)].join(' · '));
  }

  draw(width: number, columns: Columns, theme: Theme, marked: Marked, unit: number | null): void {
    this.map.draw(width, columns, theme, marked, unit);
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
    this.chosen(choice);
  }
}

function placeOf(layer: number, direction: Direction): string {
  return `${layer} ${direction}`;
}

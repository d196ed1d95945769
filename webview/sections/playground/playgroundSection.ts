/** The playground's controls, as the kind has them. What they ask for is answered by a frame, which the sections below show like any other. */
import { cellNames, isUnitMapName, kindOf, type CellName } from '../../../src/layers/catalog';
import { norms, type NormName } from '../../../src/layers/norm';
import {
  choiceAt,
  numberAt,
  type ControlValue,
  type PlaygroundControl,
  type PlaygroundFact,
} from '../../../src/layers/playground';
import type { PageKey } from '../../../src/messages';
import type { ToPage } from '../../../src/pageContract/messages';
import type { Frame } from '../../../src/protocol/frame';
import {
  defaultPlayground,
  movedTo,
  playgroundLimits,
  surroundingsOf,
  type PlaygroundResult,
  type PlaygroundSettings,
} from '../../../src/protocol/playground';
import { button } from '../../shared/controls';
import { element, setText } from '../../shared/dom';
import type { PageParts, Scene, Section } from '../../shared/section';
import { sectionFrame, type Explanation } from '../../shared/sectionFrame';
import { ChoiceField, SliderField } from './fields';

const normKeys = {
  none: 'panel.playground.normNone',
  layerNorm: 'panel.playground.normLayer',
  rmsNorm: 'panel.playground.normRms',
} as const satisfies Record<NormName, PageKey>;

/** A control of some kind; the same of every kind that has one of its name. */
interface OwnField {
  readonly root: HTMLElement;
  show(control: PlaygroundControl): void;
}

export class PlaygroundSection implements Section {
  readonly root: HTMLElement;
  private readonly cells: ChoiceField;
  private readonly own: ReadonlyMap<string, OwnField>;
  private readonly layers: SliderField;
  private readonly norms: ChoiceField;
  private readonly residual: ChoiceField;
  private readonly length: SliderField;
  private readonly explain: (explanation: Explanation) => void;
  private readonly facts = element('p', { class: 'said number', attributes: { 'aria-live': 'polite' } });
  private settings: PlaygroundSettings;
  private requests = 0;
  /** What the engine has been asked and has not answered. */
  private asked: PlaygroundSettings | null = null;
  private answered: PlaygroundSettings | null = null;
  /** Of which the frame is that is shown. */
  private shown: PlaygroundSettings | null = null;
  private found: Omit<PlaygroundResult, 'frame'> = { spectralNorm: 0, largestWeight: null };

  constructor(private readonly parts: PageParts) {
    const { texts, link } = parts;
    const { numbers } = texts;
    this.settings = { ...defaultPlayground, ...link.state().playground };
    this.cells = this.choice('panel.playground.kind', 'cell', (cell) => ({ cell: cell as CellName }));
    this.own = this.ownFields();
    this.layers = new SliderField({ name: 'layers', ...playgroundLimits.layers }, numbers, (layers) =>
      this.change({ layers }),
    );
    this.norms = this.choice('panel.playground.norm', 'norm', (norm) => ({ norm: norm as NormName }));
    this.residual = this.choice('panel.playground.residual', 'residual', (value) => ({ residual: value === 'on' }));
    this.length = new SliderField({ name: 'length', ...playgroundLimits.length }, numbers, (length) =>
      this.change({ length }),
    );
    const again = button({
      action: 'again',
      text: texts.get('panel.playground.again'),
      help: texts.get('panel.playground.againHelp'),
      pressed: () => this.change({ seed: (this.settings.seed + 1) % 1_000_000 }),
    });
    const { root, controls, explain } = sectionFrame(texts, {
      id: 'play',
      title: 'panel.playground.title',
      sentence: 'panel.playground.sentence',
      explanation: explanationOf(this.settings.cell),
    });
    this.root = root;
    this.explain = explain;
    controls.append(again.root);
    root.prepend(element('h1', { class: 'unseen', text: texts.get('panel.playground.title') }));
    root.append(
      element(
        'div',
        { class: 'fields' },
        this.cells.root,
        ...Array.from(this.own.values(), (field) => field.root),
        this.layers.root,
        this.residual.root,
        this.norms.root,
        this.length.root,
      ),
      this.facts,
    );
  }

  receive(message: ToPage): void {
    // A request that a newer one has taken the place of has no answer that anyone waits for.
    if (message.type !== 'playground' || message.id !== this.requests) return;
    this.answered = this.asked;
    this.asked = null;
    if (message.result) {
      this.shown = this.answered;
      this.found = message.result;
    }
    // What was moved meanwhile: only the last place counts.
    if (this.answered !== this.settings) this.ask();
  }

  draw({ frame, fresh }: Scene): void {
    if (this.asked === null && this.answered === null) this.ask();
    const { texts } = this.parts;
    const { cell, layers, length } = this.settings;
    this.cells.show(
      cellNames.map((value) => ({ value, text: kindOf(value).label })),
      cell,
    );
    const { controls } = kindOf(cell).playground;
    for (const [name, field] of this.own) {
      const control = controls.find((each) => each.name === name);
      field.root.hidden = control === undefined;
      if (control) field.show(control);
    }
    this.layers.show(texts.get('panel.playground.layers'), layers);
    this.length.show(texts.get('panel.playground.length'), length);
    const { norm, residual } = surroundingsOf(this.settings);
    this.norms.show(
      norms.map((value) => ({ value, text: texts.get(normKeys[value]) })),
      norm,
    );
    this.residual.show(
      [
        { value: 'on', text: texts.get('panel.playground.on') },
        { value: 'off', text: texts.get('panel.playground.off') },
      ],
      residual ? 'on' : 'off',
    );
    if (frame && fresh.frame && this.shown) setText(this.facts, this.said(frame, this.shown));
  }

  /** Each control once, in the order of the kinds; a kind shows its own. */
  private ownFields(): ReadonlyMap<string, OwnField> {
    const fields = new Map<string, OwnField>();
    for (const control of cellNames.flatMap((cell) => kindOf(cell).playground.controls))
      if (!fields.has(control.name)) fields.set(control.name, this.ownField(control));
    return fields;
  }

  private ownField(control: PlaygroundControl): OwnField {
    const { texts } = this.parts;
    const { name } = control;
    if (control.type === 'choice') {
      const field = this.choice(control.label, name, (value) => this.valuesWith(name, value));
      const options = control.choices.map(({ value, label }) => ({ value, text: label ? texts.get(label) : value }));
      return { root: field.root, show: () => field.show(options, choiceAt(this.settings.values, control)) };
    }
    const field = new SliderField(control, texts.numbers, (value) => this.change(this.valuesWith(name, value)));
    return {
      root: field.root,
      show: (own) => {
        const gate = own.type === 'slider' && isUnitMapName(own.of) ? [texts.unitMap(own.of)] : [];
        field.show(texts.get(own.label, ...gate), numberAt(this.settings.values, control));
      },
    };
  }

  private choice(label: PageKey, name: string, chosen: (value: string) => Partial<PlaygroundSettings>): ChoiceField {
    return new ChoiceField(this.parts.texts.get(label), name, (value) => this.change(chosen(value)));
  }

  private valuesWith(name: string, value: ControlValue): Pick<PlaygroundSettings, 'values'> {
    const { cell, values } = this.settings;
    return { values: movedTo(cell, values, name, value) };
  }

  /** What the controls come to, and by which factor the gradient of the top layer's state that carries it farthest changes; a layer can have none. */
  private said(frame: Frame, { cell, values }: PlaygroundSettings): string {
    const { target, flows, layers } = frame.header;
    const fact = kindOf(cell).playground.fact(values, {
      ...this.found,
      steps: target + 1,
    });
    const slopes = flows.flatMap(({ layer, slope }) => (layer === layers.length - 1 && slope !== null ? [slope] : []));
    const said = this.inWords(fact);
    if (slopes.length === 0) return said;
    const { texts } = this.parts;
    const factor = texts.numbers.decimals(Math.exp(Math.max(...slopes)), 3);
    return texts.get(layers.length > 1 ? 'panel.playground.factorInTopLayer' : 'panel.playground.factor', said, factor);
  }

  private inWords({ key, numbers: values }: PlaygroundFact): string {
    const { texts } = this.parts;
    const { numbers } = texts;
    return texts.get(
      key,
      ...values.map(([value, decimals]) =>
        decimals === null ? numbers.short(value) : numbers.decimals(value, decimals),
      ),
    );
  }

  private change(some: Partial<PlaygroundSettings>): void {
    this.settings = { ...this.settings, ...some };
    const isOtherKind = some.cell !== undefined;
    if (isOtherKind) this.explain(explanationOf(this.settings.cell));
    // While a slider moves each answer is waited for, so that something is seen; of another kind nobody wants to see the last one's.
    if (this.asked === null || isOtherKind) this.ask();
    this.parts.redraw();
  }

  private ask(): void {
    this.asked = this.settings;
    this.parts.link.playground(++this.requests, this.settings);
  }
}

/** The equation that the kind's controls are about, and what more than one layer shows. */
function explanationOf(cell: CellName): Explanation {
  const { formula, explained } = kindOf(cell).playground;
  return [{ formula }, explained, 'panel.playground.explainedDepth'];
}

/** The playground's sliders. What they ask for is answered by a frame, which the sections below show like any other. */
import { cellNames, isRecurrentByMatrix, kindOf, memoryGateOf } from '../../../src/layers/catalog';
import type { ToPage } from '../../../src/pageContract/messages';
import { defaultPlayground, playgroundLimits, type PlaygroundSettings } from '../../../src/protocol/playground';
import type { PageKey } from '../../../src/messages';
import { button, ChoiceRow } from '../../shared/controls';
import { element, setText } from '../../shared/dom';
import type { PageParts, Scene, Section } from '../../shared/section';
import { sectionFrame } from '../../shared/sectionFrame';

type SliderName = 'gain' | 'forgetBias' | 'length';

interface Slider {
  readonly root: HTMLElement;
  readonly input: HTMLInputElement;
  readonly label: HTMLElement;
  readonly value: HTMLOutputElement;
}

export class PlaygroundSection implements Section {
  readonly root: HTMLElement;
  private readonly sliders: Readonly<Record<SliderName, Slider>>;
  private readonly cells: ChoiceRow;
  private readonly activations: ChoiceRow;
  private readonly matrices: ChoiceRow;
  private readonly activationRow: HTMLElement;
  private readonly matrixRow: HTMLElement;
  private readonly facts = element('p', { class: 'said number', attributes: { 'aria-live': 'polite' } });
  private settings: PlaygroundSettings;
  /** What the engine has been asked and has not answered. */
  private asked: PlaygroundSettings | null = null;
  private answered: PlaygroundSettings | null = null;
  private spectralNorm = 0;

  constructor(private readonly parts: PageParts) {
    const { texts, link } = parts;
    this.settings = { ...defaultPlayground, ...link.state().playground };
    this.cells = new ChoiceRow(texts.get('panel.playground.cell'), 'cell', (cell) =>
      this.change({ cell: cell as PlaygroundSettings['cell'] }),
    );
    this.activations = new ChoiceRow(texts.get('panel.playground.activation'), 'activation', (activation) =>
      this.change({ activation: activation as PlaygroundSettings['activation'] }),
    );
    this.matrices = new ChoiceRow(texts.get('panel.playground.matrix'), 'matrix', (matrix) =>
      this.change({ matrix: matrix as PlaygroundSettings['matrix'] }),
    );
    this.sliders = {
      gain: this.slider('gain', 'panel.playground.gain'),
      forgetBias: this.slider('forgetBias', 'panel.playground.gateBias'),
      length: this.slider('length', 'panel.playground.length'),
    };
    const again = button({
      action: 'again',
      text: texts.get('panel.playground.again'),
      help: texts.get('panel.playground.againHelp'),
      pressed: () => this.change({ seed: (this.settings.seed + 1) % 1_000_000 }),
    });
    const { root, controls } = sectionFrame(texts, {
      id: 'play',
      title: 'panel.playground.title',
      sentence: 'panel.playground.sentence',
      explanation: [
        'panel.playground.explained',
        { formula: 'h_t = φ(W x_t + g Q h_{t−1})' },
        'panel.playground.explainedCells',
      ],
    });
    this.root = root;
    controls.append(again.root);
    const row = (key: PageKey, choices: ChoiceRow): HTMLElement =>
      element(
        'div',
        { class: 'field' },
        element('span', { class: 'name', text: texts.get(key), attributes: { 'aria-hidden': 'true' } }),
        choices.root,
      );
    this.activationRow = row('panel.playground.activation', this.activations);
    this.matrixRow = row('panel.playground.matrix', this.matrices);
    root.prepend(element('h1', { class: 'unseen', text: texts.get('panel.playground.title') }));
    root.append(
      element(
        'div',
        { class: 'fields' },
        row('panel.playground.cell', this.cells),
        this.activationRow,
        this.matrixRow,
        this.sliders.gain.root,
        this.sliders.forgetBias.root,
        this.sliders.length.root,
      ),
      this.facts,
    );
  }

  receive(message: ToPage): void {
    if (message.type !== 'playground') return;
    this.answered = this.asked;
    this.asked = null;
    this.spectralNorm = message.result.spectralNorm;
    // What was moved meanwhile: only the last place counts.
    if (this.answered !== this.settings) this.ask();
  }

  draw({ frame }: Scene): void {
    if (this.asked === null && this.answered === null) this.ask();
    const { texts } = this.parts;
    const { numbers } = texts;
    const { cell, activation, matrix, gain } = this.settings;
    this.cells.show(
      cellNames.map((value) => ({ value, text: kindOf(value).label })),
      cell,
    );
    this.activations.show(
      [
        { value: 'linear', text: texts.get('panel.playground.linear') },
        { value: 'tanh', text: 'tanh' },
        { value: 'relu', text: 'relu' },
      ],
      activation,
    );
    this.matrices.show(
      [
        { value: 'orthogonal', text: texts.get('panel.playground.orthogonal') },
        { value: 'gaussian', text: texts.get('panel.playground.gaussian') },
      ],
      matrix,
    );
    this.activationRow.hidden = kindOf(cell).activation !== 'chosen';
    const hasMatrix = isRecurrentByMatrix(cell);
    this.matrixRow.hidden = this.sliders.gain.root.hidden = !hasMatrix;
    const gate = memoryGateOf(cell);
    this.sliders.forgetBias.root.hidden = gate === null;
    if (gate) setText(this.sliders.forgetBias.label, texts.get('panel.playground.gateBias', texts.unitMap(gate.map)));
    for (const name of ['gain', 'forgetBias', 'length'] as const) this.showSlider(name);
    if (!frame) return;
    const slopes = frame.header.flows.map(({ slope }) => slope).filter((slope) => slope !== null);
    // The last of a layer's states carries the gradient farthest.
    const slope = slopes.at(-1);
    const factor = slope === undefined ? undefined : numbers.decimals(Math.exp(slope), 3);
    if (!hasMatrix) {
      setText(this.facts, factor === undefined ? '' : texts.get('panel.playground.factsOfFactors', factor));
      return;
    }
    const sizes = [numbers.decimals(gain, 2), numbers.decimals(this.spectralNorm, 2)] as const;
    setText(
      this.facts,
      factor === undefined
        ? texts.get('panel.playground.factsShort', ...sizes)
        : texts.get('panel.playground.facts', ...sizes, factor),
    );
  }

  private slider(name: SliderName, key: PageKey): Slider {
    const { min, max, step } = playgroundLimits[name];
    const id = `play-${name}`;
    const label = element('label', { class: 'name', text: this.parts.texts.get(key), attributes: { for: id } });
    const input = element('input', {
      attributes: { id, type: 'range', min: String(min), max: String(max), step: String(step) },
    });
    input.value = String(this.settings[name]);
    const value = element('output', { class: 'number', attributes: { for: id } });
    input.addEventListener('input', () => this.change({ [name]: Number(input.value) }));
    return { root: element('div', { class: 'field slider' }, label, input, value), input, label, value };
  }

  private showSlider(name: SliderName): void {
    const { input, value } = this.sliders[name];
    const { numbers } = this.parts.texts;
    const setting = this.settings[name];
    const text = name === 'length' ? numbers.integer(setting) : numbers.decimals(setting, name === 'gain' ? 2 : 1);
    setText(value, text);
    if (Number(input.value) !== setting) input.value = String(setting);
    input.setAttribute('aria-valuetext', text);
  }

  private change(some: Partial<PlaygroundSettings>): void {
    this.settings = { ...this.settings, ...some };
    if (this.asked === null) this.ask();
    this.parts.redraw();
  }

  private ask(): void {
    this.asked = this.settings;
    this.parts.link.playground(this.settings);
  }
}

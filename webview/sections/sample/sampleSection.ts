/** What does it write? What the model made up at its newest training step, and under it how it wrote before. */
import type { ToPage, ShownSamples } from '../../../src/pageContract/messages';
import type { RunState } from '../../../src/protocol/run';
import { maxSamples, type ModelSample } from '../../../src/protocol/sample';
import { isOfNumbers } from '../../shared/lossWords';
import { button, type PageButton } from '../../shared/controls';
import { element, setText } from '../../shared/dom';
import type { ExportedTable } from '../../shared/exporting/exported';
import type { PageParts, Scene, Section } from '../../shared/section';
import { sectionFrame } from '../../shared/sectionFrame';
import { visiblePieces } from '../../shared/symbols';

const liveStates: readonly RunState[] = ['starting', 'running', 'paused'];

/** A row is that of its place: samples move through the rows. */
interface Row {
  readonly root: HTMLElement;
  readonly step: HTMLElement;
  readonly loss: HTMLElement;
  readonly text: HTMLElement;
  shown: ModelSample | null;
}

export class SampleSection implements Section {
  readonly root: HTMLElement;
  private readonly textHead = element('th', { attributes: { scope: 'col' } });
  private readonly write: PageButton;
  private readonly another: PageButton;
  private readonly note = element('p', { class: 'dim' });
  private readonly table: HTMLElement;
  private readonly rows: readonly Row[];
  private folder: string | null = null;
  /** Null before the editor has said. */
  private shown: ShownSamples | null = null;
  private drawn: ShownSamples | null = null;

  constructor(private readonly parts: PageParts) {
    const { texts, link } = parts;
    const { root, controls } = sectionFrame(texts, {
      id: 'sample',
      title: 'panel.sample.title',
      sentence: 'panel.sample.sentence',
      explanation: [
        'panel.sample.explained',
        { formula: 'q_i = p_i^{1/T} / Σ_j p_j^{1/T}' },
        'panel.sample.explainedTemperature',
        'panel.sample.explainedSame',
      ],
      onExport: () => parts.exportSection(this),
    });
    this.root = root;
    this.write = button({
      action: 'writeSample',
      text: texts.get('panel.sample.generate'),
      pressed: () => link.sample(),
    });
    this.another = button({
      action: 'writeAnother',
      text: texts.get('panel.sample.generateAnother'),
      pressed: () => link.sample(),
    });
    for (const control of [this.write, this.another]) {
      control.show(false, false);
      controls.append(control.root);
    }
    this.rows = Array.from({ length: maxSamples }, () => rowOfCells());
    const heads = [texts.get('panel.compare.step'), texts.get('panel.compare.loss')].map((text) =>
      element('th', { text, attributes: { scope: 'col' } }),
    );
    this.table = element(
      'table',
      { class: 'samples', attributes: { 'aria-labelledby': 'sample-title' } },
      element('thead', {}, element('tr', {}, ...heads, this.textHead)),
      element('tbody', {}, ...this.rows.map((row) => row.root)),
    );
    root.append(element('div', { class: 'written' }, this.note, this.table));
  }

  receive(message: ToPage): void {
    if (message.type === 'run' && message.run?.folder !== this.folder) {
      this.folder = message.run?.folder ?? null;
      this.shown = null;
    }
    if (message.type === 'samples') this.shown = message;
  }

  draw({ run, status }: Scene): void {
    const { shown } = this;
    const isLive = liveStates.includes(status.state);
    const hasSamples = shown !== null && shown.samples.length > 0;
    this.root.hidden =
      run === null ||
      isOfNumbers(run) ||
      shown === null ||
      !(hasSamples || shown.onRequest || shown.refusal !== null || isLive);
    if (this.root.hidden || shown === null) return;
    const { texts } = this.parts;
    const isOffered = shown.onRequest && shown.refusal === null;
    this.write.show(isOffered && !hasSamples, true);
    this.another.show(isOffered && hasSamples, true);
    setText(this.note, shown.refusal ?? (hasSamples || isOffered ? '' : texts.get('panel.sample.empty')));
    this.note.hidden = this.note.textContent === '';
    this.table.hidden = !hasSamples;
    // Room for those to come, so that what stands below stays where it is.
    this.root.classList.toggle('growing', !shown.onRequest && shown.refusal === null);
    if (shown === this.drawn) return;
    this.drawn = shown;
    const newest = shown.samples.at(-1);
    setText(this.textHead, newest ? texts.get('panel.sample.text', texts.numbers.plain(newest.temperature)) : '');
    this.root.classList.toggle('untrained', shown.onRequest);
    this.rows.forEach((row, i) => this.showIn(row, shown.samples.at(-1 - i)));
  }

  tables(): readonly ExportedTable[] {
    const samples = this.shown?.samples ?? [];
    if (samples.length === 0) return [];
    const columns = ['training step', 'loss [nats/token]', 'temperature', 'text'];
    return [
      {
        id: 'samples',
        title: this.parts.texts.get('panel.sample.title'),
        columns,
        rows: () => samples.map(({ step, loss, temperature, text }) => [step, loss, temperature, text]),
      },
    ];
  }

  private showIn(row: Row, sample: ModelSample | undefined): void {
    row.root.hidden = !sample;
    if (!sample || isSame(sample, row.shown)) return;
    const { numbers } = this.parts.texts;
    row.shown = sample;
    setText(row.step, numbers.integer(sample.step));
    setText(row.loss, sample.loss === null ? '' : numbers.decimals(sample.loss, 2));
    const pieces = visiblePieces(sample.text);
    row.text.replaceChildren(
      ...pieces.map(({ text, isMark }) =>
        isMark ? element('span', { class: 'dim', text }) : document.createTextNode(text),
      ),
    );
    row.text.title = pieces.map(({ text }) => text).join('');
  }
}

function isSame(a: ModelSample, b: ModelSample | null): boolean {
  return a.step === b?.step && a.loss === b.loss && a.text === b.text;
}

function rowOfCells(): Row {
  const [step, loss] = [
    element('th', { class: 'number', attributes: { scope: 'row' } }),
    element('td', { class: 'number' }),
  ];
  // Its direction is that of what is written.
  const text = element('div', { class: 'text', attributes: { dir: 'auto' } });
  const root = element('tr', {}, step, loss, element('td', {}, text));
  root.hidden = true;
  return { root, step, loss, text, shown: null };
}

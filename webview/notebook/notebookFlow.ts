/** One output of a notebook: the panel's picture of the flow, drawn from what is stored in the notebook and nothing else. */
import type { Frame } from '../../src/protocol/frame';
import { explainedOfTensors } from '../sections/flow/explained';
import { FlowPicture, type PictureWords } from '../sections/flow/flowPicture';
import { ChoiceRow } from '../shared/choiceRow';
import { figureColumns } from '../shared/columns';
import { element, setText } from '../shared/dom';
import { flowRows } from '../shared/flowRows';
import { sectionFrame } from '../shared/sectionFrame';
import { segmentNodes } from '../shared/segments';
import { visibleSymbol } from '../shared/symbols';
import type { Texts } from '../shared/texts';
import { readTheme, watchTheme, type Theme } from '../shared/theme';
import { verdict } from '../shared/verdict';
import { View } from '../shared/view';
import type { FlowOutput } from './flowOutput';
import { outputFrame } from './outputFrame';
import { isolated, type Isolated } from './isolated';

type Kind = 'perTarget' | 'total';

export class NotebookFlow {
  private readonly place: Isolated;
  private readonly view = new View(() => this.redraw());
  private readonly picture: FlowPicture;
  private readonly section: HTMLElement;
  private readonly verdictLine = element('p', { class: 'verdict' });
  private readonly targetName = element('span', { class: 'dim' });
  private readonly targets: HTMLSelectElement;
  private readonly kinds: ChoiceRow;
  private readonly wholeText: HTMLElement;
  private readonly answer = element('p', { class: 'note', attributes: { role: 'status' } });
  private kind: Kind = 'perTarget';
  private index: number;
  private frame: Frame;
  private theme: Theme;
  private width = 0;
  private isStale = true;
  private isScheduled = false;
  private isOver = false;
  private readonly ends: (() => void)[] = [];

  /** Mounts it in an element of the notebook, whose styles it neither changes nor takes. */
  constructor(
    root: HTMLElement,
    private readonly output: FlowOutput,
    private readonly texts: Texts,
  ) {
    this.place = isolated(root, texts.language);
    this.theme = readTheme(this.place.root);
    this.index = output.targets.length - 1;
    this.frame = outputFrame(output, this.index);
    this.view.accept(output.steps, 0);
    this.picture = new FlowPicture({
      texts,
      view: this.view,
      redraw: () => this.redraw(),
      // There is no text elsewhere in which a step could be marked or shown.
      link: { mark: () => undefined, reveal: () => undefined, target: (step) => this.trace(step) },
    });
    const { root: section, controls } = sectionFrame(texts, {
      id: 'flow',
      title: 'panel.flow.title',
      sentence: 'panel.flow.sentenceOfTensors',
      explanation: explainedOfTensors,
    });
    this.section = section;
    this.kinds = new ChoiceRow(texts.get('panel.flow.gradientKind'), 'gradient', (kind) => {
      this.kind = kind as Kind;
      this.repaint();
    });
    this.targets = this.targetChoice();
    this.wholeText = element('button', {
      class: 'quiet',
      text: texts.get('panel.flow.wholeText'),
      attributes: { type: 'button', title: texts.get('panel.flow.wholeTextHelp'), 'data-action': 'wholeText' },
    });
    this.wholeText.addEventListener('click', () => this.view.steps.showAll());
    controls.append(this.kinds.root, this.targetName, this.targets, this.wholeText);
    section.prepend(element('p', { class: 'dim of', text: this.nameOf(), attributes: { id: 'flow-of' } }));
    // A notebook can have many outputs: a group each, and no landmarks.
    section.setAttribute('role', 'group');
    section.setAttribute('aria-labelledby', 'flow-of flow-title');
    section.append(this.verdictLine, this.answer, this.picture.canvases, this.picture.below, ...this.omitted());
    this.place.root.append(section);
    this.listen();
    this.repaint();
  }

  dispose(): void {
    this.isOver = true;
    for (const end of this.ends.splice(0)) end();
    this.place.end();
  }

  private listen(): void {
    const sizes = new ResizeObserver(() => this.redraw());
    sizes.observe(this.place.root);
    const repaint = (): void => this.repaint();
    window.addEventListener('resize', repaint);
    this.ends.push(
      watchTheme(repaint),
      () => sizes.disconnect(),
      () => window.removeEventListener('resize', repaint),
    );
    // What a figure has done with a key, the editor is not to do something else with: it would go to another cell. Escape leaves the output.
    this.section.addEventListener('keydown', (event) => {
      if (event.defaultPrevented && event.key !== 'Escape') event.stopPropagation();
    });
  }

  private nameOf(): string {
    const { model, trainingStep, steps } = this.output;
    const { texts } = this;
    const count = texts.tokens(steps);
    return trainingStep === null
      ? texts.get('panel.notebook.of', model, count)
      : texts.get('panel.notebook.ofStep', model, texts.numbers.integer(trainingStep), count);
  }

  private omitted(): HTMLElement[] {
    const { texts } = this;
    const { steps, targets, series } = this.output.omitted;
    const parts = (
      [
        ['panel.notebook.omittedTargets', targets],
        ['panel.notebook.omittedSteps', steps],
        ['panel.notebook.omittedSeries', series],
      ] as const
    ).flatMap(([key, count]) => (count === 0 ? [] : [texts.get(key, texts.numbers.integer(count))]));
    if (parts.length === 0) return [];
    const list = new Intl.ListFormat(texts.language, { type: 'conjunction' }).format(parts);
    return [element('p', { class: 'note', text: texts.get('panel.notebook.omitted', list) })];
  }

  /** One of the targets that are stored, where there are several. */
  private targetChoice(): HTMLSelectElement {
    const { texts } = this;
    const { targets, first } = this.output;
    const { tokens } = this.frame.header;
    const choice = element(
      'select',
      { attributes: { 'aria-label': texts.get('panel.flow.target'), 'data-choice': 'target' } },
      ...targets.map((target, i) =>
        element('option', {
          text: texts.get('panel.notebook.targetAt', String(first + target), visibleSymbol(tokens[target])),
          attributes: { value: String(i) },
        }),
      ),
    );
    choice.addEventListener('change', () => this.showTarget(Number(choice.value)));
    return choice;
  }

  /** The flow of another token, where it is stored. */
  private trace(step: number): void {
    const { targets } = this.output;
    const index = targets.indexOf(step);
    if (index >= 0) this.showTarget(index);
    else setText(this.answer, this.texts.get('panel.notebook.otherTarget', String(targets.length)));
  }

  private showTarget(index: number): void {
    setText(this.answer, '');
    this.index = index;
    this.frame = outputFrame(this.output, index);
    this.repaint();
  }

  private repaint(): void {
    this.isStale = true;
    this.redraw();
  }

  /** Soon, once for however many calls. */
  private redraw(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    requestAnimationFrame(() => {
      this.isScheduled = false;
      if (!this.isOver) this.draw();
    });
  }

  private draw(): void {
    const width = this.place.root.clientWidth;
    // A folded output has none.
    if (width === 0) return;
    if (this.isStale || width !== this.width) {
      // Only what stands in the page has colors.
      this.theme = readTheme(this.place.root);
      this.paint();
    }
    this.isStale = false;
    this.width = width;
    const { view, theme, frame } = this;
    this.wholeText.hidden = view.steps.isWhole;
    this.picture.draw({ columns: figureColumns(width, true, view.steps), width, theme });
    this.place.root.dataset['target'] = String(frame.header.target);
  }

  private paint(): void {
    const { frame, texts, kind, output, index } = this;
    const { header } = frame;
    const perTarget = flowRows(frame);
    const totals = flowRows(frame, 'total');
    const isTotal = kind === 'total';
    this.kinds.show(
      [
        { value: 'perTarget', text: texts.get('panel.flow.gradientOfToken') },
        ...(totals.length > 0 ? [{ value: 'total', text: texts.get('panel.flow.gradientTotal') }] : []),
      ],
      kind,
    );
    const hasChoice = output.targets.length > 1;
    this.targets.hidden = !hasChoice;
    this.targets.value = String(index);
    setText(
      this.targetName,
      hasChoice
        ? texts.get('panel.flow.target')
        : texts.get('panel.flow.targetToken', visibleSymbol(header.tokens[header.target])),
    );
    const said = isTotal
      ? [{ text: texts.get('panel.flow.totalSentence'), tone: null }]
      : verdict(header, perTarget, texts);
    const spoken = said.map(({ text }) => text).join('');
    if (this.verdictLine.textContent !== spoken) this.verdictLine.replaceChildren(...segmentNodes(said));
    this.picture.show(
      {
        frame,
        rows: isTotal ? totals : perTarget,
        behind: isTotal ? perTarget : [],
        regions: isTotal ? [] : header.regions,
        spoken,
        words: hasChoice ? wordsOfTargets : wordsOfOne,
      },
      this.theme,
    );
  }
}

const wordsOfOne: PictureWords = { hint: 'panel.notebook.hint', description: 'panel.notebook.description' };
const wordsOfTargets: PictureWords = {
  hint: 'panel.notebook.hintOfTargets',
  description: 'panel.notebook.descriptionOfTargets',
};

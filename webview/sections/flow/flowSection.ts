/** Does the gradient reach back? The verdict, the picture of the flow, and which gradient it is of. */
import type { FlowRegion, Frame, FrameHeader } from '../../../src/protocol/frame';
import type { ToPage } from '../../../src/pageContract/messages';
import type { PageKey } from '../../../src/messages';
import { regionsOf, relativeTo } from '../../../src/terms/regions';
import { ChoiceRow } from '../../shared/choiceRow';
import { button, type PageButton } from '../../shared/controls';
import { element, setText } from '../../shared/dom';
import type { ExportedFigure, ExportedTable } from '../../shared/exporting/exported';
import { explained } from './explained';
import { FlowPicture } from './flowPicture';
import { flowTables } from './flowTables';
import { flowRows, inputRows, type FlowRow, type GradientKind } from '../../shared/flowRows';
import type { PageParts, Scene, Section } from '../../shared/section';
import { sectionFrame } from '../../shared/sectionFrame';
import { segmentNodes } from '../../shared/segments';
import { visibleSymbol } from '../../shared/symbols';
import type { Segment, Texts } from '../../shared/texts';
import type { Theme } from '../../shared/theme';
import { verdict } from '../../shared/verdict';

/** Among the sections that ask for input gradients. */
const sectionName = 'flow';

export class FlowSection implements Section {
  readonly root: HTMLElement;
  private readonly picture: FlowPicture;
  private readonly verdictLine = element('p', { class: 'verdict' });
  private readonly targetName = element('span', { class: 'dim' });
  private readonly sentence: HTMLElement;
  private readonly texts: Texts;
  private readonly reset: PageButton;
  private readonly wholeText: PageButton;
  /** In graph mode: which tensors are shown. */
  private readonly tensors: PageButton;
  private readonly kinds: ChoiceRow;
  private kind: GradientKind = 'perTarget';
  /** Of the input gradients: what the layer above this boundary reads. */
  private boundary = 0;
  private readonly boundaries: HTMLSelectElement;
  private frame: Frame | null = null;
  /** What is drawn: of the kind chosen, as soon as a frame holds it. */
  private drawn: readonly FlowRow[] = [];
  private spoken = '';

  /** @param hasTotals whether frames hold the total gradient when it is asked for */
  constructor(
    private readonly parts: PageParts,
    private readonly hasTotals = true,
  ) {
    const { texts, link, view } = parts;
    this.texts = texts;
    this.picture = new FlowPicture(parts);
    this.reset = button({
      action: 'lastToken',
      text: texts.get('panel.flow.lastToken'),
      help: texts.get('panel.flow.lastTokenHelp'),
      pressed: () => link.target('last'),
    });
    this.wholeText = button({
      action: 'wholeText',
      text: texts.get('panel.flow.wholeText'),
      help: texts.get('panel.flow.wholeTextHelp'),
      pressed: () => view.steps.showAll(),
    });
    this.kinds = new ChoiceRow(texts.get('panel.flow.gradientKind'), 'gradient', (kind) =>
      this.choose(kind as GradientKind),
    );
    this.boundaries = element('select', { attributes: { 'aria-label': texts.get('panel.flow.inputOf') } });
    this.boundaries.dataset['choice'] = 'boundary';
    this.boundaries.addEventListener('change', () => this.chooseBoundary(Number(this.boundaries.value)));
    const { root, controls, sentence } = sectionFrame(texts, {
      id: 'flow',
      title: 'panel.flow.title',
      sentence: 'panel.flow.sentence',
      explanation: explained,
      onExport: () => parts.exportSection(this),
    });
    this.tensors = button({
      action: 'chooseTensors',
      text: '',
      help: texts.get('panel.tensors.help'),
      pressed: () => link.chooseTensors(),
    });
    controls.append(
      this.kinds.root,
      this.boundaries,
      this.tensors.root,
      element('span', { class: 'target' }, this.targetName, this.reset.root),
      this.wholeText.root,
    );
    root.append(this.verdictLine, this.picture.canvases, this.picture.below);
    this.root = root;
    this.sentence = sentence;
  }

  /** The run that is opened is asked for what the page showed before. */
  receive(message: ToPage): void {
    if (message.type !== 'run' || !message.run) return;
    const { link } = this.parts;
    const kept = link.keptView('gradient');
    this.kind = kept === 'total' || kept === 'input' ? kept : 'perTarget';
    const boundary = link.keptView('boundary');
    this.boundary = Number.isInteger(boundary) ? Math.max(0, boundary as number) : 0;
    if (this.kind === 'total') link.total(true);
    if (this.kind === 'input') link.inputs(sectionName, true);
  }

  draw(scene: Scene): void {
    const { frame, rows, columns, theme, width, view, fresh } = scene;
    this.root.hidden = scene.run === null && frame === null && scene.failure === null;
    this.showTensors(scene);
    // A node of a graph can be in the way of all losses; the header says which.
    const hasNoGradients = frame?.header.graph !== undefined && rows.length === 0;
    if (!frame || hasNoGradients) {
      this.frame = null;
      this.say(scene.failure ?? this.texts.get(hasNoGradients ? 'panel.flow.noGradients' : 'panel.flow.readingText'));
      return;
    }
    this.frame = frame;
    if (fresh.frame || fresh.paint) this.paint(frame, rows, theme);
    this.wholeText.show(!view.steps.isWhole, true);
    this.picture.draw({ columns, width, theme });
  }

  figures(): readonly ExportedFigure[] {
    return this.frame ? [this.picture.exported('flow', this.texts.get('panel.flow.title'))] : [];
  }

  tables(): readonly ExportedTable[] {
    const { frame } = this;
    if (!frame) return [];
    return flowTables(frame, [...flowRows(frame), ...inputRows(frame)], this.texts);
  }

  /** Whether what is drawn is the total gradient: chosen, and in the frame. */
  private get isTotal(): boolean {
    return this.drawn.length > 0 && this.drawn[0].kind === 'total';
  }

  private choose(kind: GradientKind): void {
    this.kind = kind;
    const { link } = this.parts;
    link.keepView('gradient', kind);
    link.total(kind === 'total');
    link.inputs(sectionName, kind === 'input');
    // What was asked for before may be in the frame that is shown.
    this.parts.repaint();
  }

  private chooseBoundary(boundary: number): void {
    this.boundary = boundary;
    this.parts.link.keepView('boundary', boundary);
    this.parts.repaint();
  }

  /** In place of the figures: why there are none. */
  private say(sentence: string): void {
    this.picture.hide();
    this.kinds.root.hidden = this.boundaries.hidden = true;
    this.wholeText.show(false, false);
    this.showTarget(null);
    this.setVerdict([{ text: sentence, tone: null }]);
  }

  /** A new frame, theme or width: recolors everything. */
  private paint(frame: Frame, rows: readonly FlowRow[], theme: Theme): void {
    const { header } = frame;
    const { texts } = this;
    const kind = this.kindFor(header);
    const chosen = kind === 'total' ? flowRows(frame, 'total') : kind === 'input' ? this.inputRow(frame) : [];
    this.drawn = chosen.length > 0 ? chosen : rows;
    const total = { value: 'total', text: texts.get('panel.flow.gradientTotal') };
    this.kinds.show(
      header.graph
        ? [{ value: 'perTarget', text: texts.get('panel.flow.gradientOfToken') }, total]
        : [
            ...(hasStates(header)
              ? [
                  { value: 'perTarget', text: texts.get('panel.flow.gradientOfToken') },
                  // Of numbers there is one loss, so that both are the same.
                  ...(this.hasTotals && header.isOfNumbers !== true ? [total] : []),
                ]
              : []),
            { value: 'input', text: texts.get('panel.flow.gradientOfInput') },
          ],
      kind,
    );
    this.showBoundaries(header, kind);
    setText(this.sentence, texts.get(sentenceOf(header, kind)));
    this.showTarget(header);
    const noStates = hasStates(header) ? '' : `${texts.get('panel.flow.noStates')} `;
    this.setVerdict(
      this.isTotal
        ? [{ text: texts.get('panel.flow.totalSentence'), tone: null }]
        : [{ text: noStates, tone: null }, ...verdict(header, this.drawn, texts)],
    );
    this.picture.show(
      {
        frame,
        rows: this.drawn,
        behind: this.isTotal ? rows : [],
        regions: regionsFor(header, this.drawn),
        spoken: this.spoken,
        words: {
          hint: header.isOfNumbers === true ? 'panel.readout.hintOfNumbers' : 'panel.readout.hint',
          description: header.graph ? 'panel.flow.descriptionOfTensors' : 'panel.flow.description',
        },
      },
      theme,
    );
  }

  /** What there is to choose: a model without states has input gradients alone. */
  private kindFor(header: FrameHeader): GradientKind {
    if (header.graph) return this.kind === 'total' ? 'total' : 'perTarget';
    if (header.isOfNumbers === true && this.kind === 'total') return 'perTarget';
    return hasStates(header) ? this.kind : 'input';
  }

  /** The one of the chosen boundary; none while the frame does not hold it. */
  private inputRow(frame: Frame): FlowRow[] {
    return inputRows(frame, this.boundary).filter(({ isMain }) => isMain);
  }

  private showBoundaries({ layers }: FrameHeader, kind: GradientKind): void {
    const { boundaries, texts } = this;
    boundaries.hidden = kind !== 'input';
    if (boundaries.options.length !== layers.length + 1)
      boundaries.replaceChildren(
        ...Array.from({ length: layers.length + 1 }, (_, l) =>
          element('option', {
            text:
              l < layers.length
                ? texts.get('panel.flow.inputOfLayer', texts.layer(l, 'forward'))
                : texts.get('panel.flow.inputOfOutput'),
            attributes: { value: String(l) },
          }),
        ),
      );
    boundaries.value = String(Math.min(this.boundary, layers.length));
  }

  /** How many of the tensors are shown, and the way to choose others. */
  private showTensors({ run, frame }: Scene): void {
    const all = run?.graph?.tensors.length;
    this.tensors.show(all !== undefined && all > 1, true);
    if (all === undefined) return;
    const { numbers } = this.texts;
    const shown = frame?.header.graph?.series.length ?? run?.graph?.defaultSeries.length ?? 0;
    setText(this.tensors.root, this.texts.get('panel.tensors.choose', numbers.integer(shown), numbers.integer(all)));
  }

  /** Which token's loss is traced back, and the way back to the last one. */
  private showTarget(header: FrameHeader | null): void {
    setText(
      this.targetName,
      header ? this.texts.get('panel.flow.targetToken', visibleSymbol(header.tokens[header.target])) : '',
    );
    const isOther = header !== null && header.target !== header.tokens.length - 1;
    this.reset.show(isOther, isOther);
  }

  private setVerdict(segments: readonly Segment[]): void {
    const text = segments.map((segment) => segment.text).join('');
    if (text === this.spoken) return;
    this.spoken = text;
    this.verdictLine.replaceChildren(...segmentNodes(segments));
  }
}

function hasStates({ flows, graph }: FrameHeader): boolean {
  return graph !== undefined || flows.length > 0;
}

function sentenceOf({ graph }: FrameHeader, kind: GradientKind): PageKey {
  if (graph) return 'panel.flow.sentenceOfTensors';
  return kind === 'input' ? 'panel.flow.sentenceOfInputs' : 'panel.flow.sentence';
}

/** Where these rows vanish and explode; the frame has it of the states, and of the total gradient nobody asks. */
function regionsFor({ regions, target, thresholds }: FrameHeader, rows: readonly FlowRow[]): readonly FlowRegion[] {
  if (rows.some(({ kind }) => kind === 'total')) return [];
  if (rows.every(({ kind }) => kind === 'perTarget')) return regions;
  return rows.flatMap(({ layer, direction, state, relative }) =>
    regionsOf(relativeTo(target, Float64Array.from(relative)), thresholds).map((region) => ({
      layer,
      direction,
      state,
      ...region,
    })),
  );
}

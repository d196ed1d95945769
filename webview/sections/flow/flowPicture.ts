/** The picture of the flow: profile, heatmap and text under each other, the values at one step, and what the colors mean. */
import type { FlowRegion, Frame } from '../../../src/protocol/frame';
import type { PageKey } from '../../../src/messages';
import type { Columns } from '../../shared/columns';
import { element } from '../../shared/dom';
import type { ExportedFigure } from '../../shared/exporting/exported';
import { listen } from '../../shared/figures/pointer';
import { TokenStrip } from '../../shared/figures/tokenStrip';
import type { FlowRow } from '../../shared/flowRows';
import { gesturesOver, type OverText, type TextParts } from '../../shared/gestures';
import { visibleText } from '../../shared/symbols';
import type { Texts } from '../../shared/texts';
import type { Theme } from '../../shared/theme';
import { FlowFigure } from './flowFigure';
import { FlowLegend } from './flowLegend';
import { ProfileFigure } from './profile';
import { Readout } from './readout';
import { stacked } from './stacked';

/** What the picture stands in. */
export interface PictureParts extends TextParts {
  readonly texts: Texts;
  redraw(): void;
}

/** What pointer and keys do there, in words. */
export interface PictureWords {
  readonly hint: PageKey;
  /** The heatmap's text alternative, after what the flow says. */
  readonly description: PageKey;
}

export interface PictureContent {
  readonly frame: Frame;
  /** What is drawn in full. */
  readonly rows: readonly FlowRow[];
  /** Of the total gradient, the per-target: drawn faint behind it, and what the readout says. */
  readonly behind: readonly FlowRow[];
  /** Of the rows. */
  readonly regions: readonly FlowRegion[];
  /** What it says of the flow, in words. */
  readonly spoken: string;
  readonly words: PictureWords;
}

/** Where it is drawn: see `Scene`. */
export interface PicturePlace {
  readonly columns: Columns;
  readonly width: number;
  readonly theme: Theme;
}

export class FlowPicture {
  readonly canvases = element('div', { class: 'figures' });
  readonly below = element('div', { class: 'below' });
  private readonly strip = new TokenStrip();
  private readonly readout: Readout;
  private readonly profile: ProfileFigure;
  private readonly flow: FlowFigure;
  private readonly legend: FlowLegend;
  private content: PictureContent | null = null;
  private shown: OverText | null = null;
  private brush: readonly [from: number, to: number] | null = null;
  private marked: number | null = null;
  /** The pointer is on the strip, whose text then stays still. */
  private onStrip = false;

  constructor(private readonly parts: PictureParts) {
    const { texts } = parts;
    this.profile = new ProfileFigure(texts);
    this.flow = new FlowFigure(texts);
    this.legend = new FlowLegend(texts);
    this.readout = new Readout(texts);
    this.canvases.append(this.profile.figure.canvas, this.flow.figure.canvas, this.strip.figure.canvas);
    this.below.append(this.readout.root, this.legend.root);
    this.listen();
  }

  /** There is nothing to show. */
  hide(): void {
    this.content = this.shown = null;
    this.canvases.hidden = this.below.hidden = true;
  }

  /** Another frame, kind of gradient, theme or width: colors everything anew. */
  show(content: PictureContent, theme: Theme): void {
    const { frame, rows, spoken, words } = content;
    const { header } = frame;
    const { texts } = this.parts;
    const before = this.content?.frame.header;
    this.content = content;
    this.canvases.hidden = this.below.hidden = false;
    if (before?.target !== header.target || before.tokens.length !== header.tokens.length)
      this.strip.center(header.target);
    this.flow.show(rows, theme);
    this.legend.show(header.thresholds, theme);
    this.readout.hint(words.hint);
    this.profile.figure.describe(texts.get('panel.profile.description', spoken));
    this.flow.figure.describe(texts.get(words.description, spoken));
    this.strip.figure.describe(texts.get('panel.tokens.description', visibleText(header.tokens)));
  }

  draw({ columns, width, theme }: PicturePlace): void {
    const { content } = this;
    if (!content) return;
    const { frame, rows, behind, regions } = content;
    const { header } = frame;
    const { view } = this.parts;
    this.shown = { columns, frame };
    const byKeys = view.takeAnnouncement();
    if (view.mark !== null && byKeys) this.strip.follow(view.mark);
    else if (view.mark !== null && view.mark !== this.marked && !this.onStrip) this.strip.center(view.mark);
    this.marked = view.mark;
    const marked = { target: header.target, mark: view.mark };
    this.profile.draw(width, { header, rows, behind, regions, columns, theme, marked, brush: this.brush });
    this.flow.draw(width, rows, regions, columns, theme, marked);
    this.strip.draw(
      width,
      header,
      rows.find(({ isMain }) => isMain),
      columns,
      theme,
      marked,
    );
    this.readout.show(frame, behind.length > 0 ? behind : rows, view.mark, view.unit);
    if (byKeys) this.readout.announce();
  }

  exported(id: string, title: string): ExportedFigure {
    const figures = [this.profile.figure, this.flow.figure, this.strip.figure, this.legend.figure];
    return stacked(
      id,
      title,
      this.content?.spoken ?? '',
      figures.map((figure) => figure.exported('', '')),
    );
  }

  private listen(): void {
    const brushed = (from: number | null, to: number): void => {
      this.brush = from === null ? null : [from, to];
      this.parts.redraw();
    };
    for (const { canvas } of [this.profile.figure, this.flow.figure])
      listen(canvas, gesturesOver(this.parts, { shown: () => this.shown, brushed }));
    // A margin has no room for a tensor's whole name.
    this.flow.figure.canvas.addEventListener('pointermove', ({ offsetX, offsetY }) => {
      const rows = this.content?.rows ?? [];
      const row = this.shown && offsetX < this.shown.columns.left ? this.flow.rowAt(offsetY, rows) : undefined;
      this.flow.figure.canvas.title = row?.series ? this.parts.texts.seriesInFull(row.series) : '';
    });
    const { canvas } = this.strip.figure;
    listen(
      canvas,
      gesturesOver(this.parts, {
        shown: () => this.shown && this.strip.columns && { ...this.shown, columns: this.strip.columns },
        brushed: () => undefined,
      }),
    );
    canvas.addEventListener('pointerenter', () => (this.onStrip = true));
    canvas.addEventListener('pointerleave', () => (this.onStrip = false));
  }
}

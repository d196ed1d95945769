/** Does the gradient reach back? The verdict, the profile, the flow and the text under each other, their scale, and the readout. */
import type { FrameHeader } from '../src/protocol/frame';
import { cssColour, specialColours } from './colours/maps';
import { button, type PageButton } from './controls';
import { element, setText } from './dom';
import { FlowFigure } from './figures/flow';
import { listen } from './figures/pointer';
import { ProfileFigure } from './figures/profile';
import { ScaleFigure } from './figures/scale';
import { TokenStrip } from './figures/tokenStrip';
import type { FlowRow } from './flowRows';
import { powerOfTen } from './format';
import { gesturesOver, type OverText } from './gestures';
import { Readout } from './readout';
import type { PageParts, Scene, Section } from './section';
import { visibleSymbol } from './symbols';
import type { Segment, Texts } from './texts';
import type { Theme } from './theme';
import { verdict } from './verdict';

export class FlowSection implements Section {
  readonly root: HTMLElement;
  private readonly strip = new TokenStrip();
  private readonly readout: Readout;
  private readonly profile: ProfileFigure;
  private readonly flow: FlowFigure;
  private readonly scale: ScaleFigure;
  private readonly verdictLine = element('p', { class: 'verdict' });
  private readonly canvases = element('div', { class: 'figures' });
  private readonly below = element('div', { class: 'below' });
  private readonly zeroSwatch = element('i', { class: 'swatch' });
  private readonly notFiniteSwatch = element('i', { class: 'swatch' });
  private readonly targetName = element('span', { class: 'dim' });
  private readonly texts: Texts;
  private readonly reset: PageButton;
  private shown: OverText | null = null;
  private marked: number | null = null;
  /** The pointer is on the strip, whose text then stays still. */
  private onStrip = false;
  private spoken = '';

  constructor(parts: PageParts) {
    const { texts } = parts;
    this.texts = texts;
    this.profile = new ProfileFigure(texts);
    this.flow = new FlowFigure(texts);
    this.scale = new ScaleFigure(texts);
    this.readout = new Readout(texts);
    this.reset = button({ action: 'lastToken', text: texts.get('lastToken'), help: texts.get('lastTokenHelp'), pressed: () => parts.link.target('last') });
    this.canvases.append(this.profile.figure.canvas, this.flow.figure.canvas, this.strip.figure.canvas);
    this.below.append(this.readout.root, this.legend());
    this.root = element(
      'section',
      { class: 'flow' },
      element('div', { class: 'heading' }, element('h2', { text: texts.get('flowTitle') }), element('span', { class: 'dim', text: texts.get('flowSubtitle') }), element('span', { class: 'grow' }), this.targetName, this.reset.root),
      this.verdictLine,
      this.canvases,
      this.below,
    );
    for (const { canvas } of [this.profile.figure, this.flow.figure]) listen(canvas, gesturesOver(parts, { shown: () => this.shown }));
    const { canvas } = this.strip.figure;
    listen(canvas, gesturesOver(parts, { shown: () => (this.shown && this.strip.columns ? { ...this.shown, columns: this.strip.columns } : null) }));
    canvas.addEventListener('pointerenter', () => (this.onStrip = true));
    canvas.addEventListener('pointerleave', () => (this.onStrip = false));
  }

  draw(scene: Scene): void {
    const { frame, rows, columns, theme, width, view, fresh } = scene;
    this.root.hidden = scene.run === null && frame === null && scene.failure === null;
    if (!frame) {
      this.shown = null;
      this.say(scene.failure ?? this.texts.get('readingText'));
      return;
    }
    const before = this.shown?.frame.header;
    const { header } = frame;
    this.shown = { columns, frame };
    if (before?.target !== header.target || before.tokens.length !== header.tokens.length) this.strip.centre(header.target);
    if (fresh.frame || fresh.paint) this.paint(header, rows, theme);
    const byKeys = view.takeSpeech();
    if (view.mark !== null && byKeys) this.strip.follow(view.mark);
    else if (view.mark !== null && view.mark !== this.marked && !this.onStrip) this.strip.centre(view.mark);
    this.marked = view.mark;
    const marked = { target: header.target, mark: view.mark };
    this.profile.draw(width, header, rows, columns, theme, marked);
    this.flow.draw(width, header, rows, columns, theme, marked);
    this.strip.draw(width, header, rows.at(0), columns, theme, marked);
    this.readout.show(frame, rows, view.mark, view.unit);
    if (byKeys) this.readout.speak();
  }

  /** In place of the figures: why there are none. */
  private say(sentence: string): void {
    this.canvases.hidden = this.below.hidden = true;
    this.showTarget(null);
    this.setVerdict([{ text: sentence, tone: null }]);
  }

  /** A new frame, theme or width: colours everything anew. */
  private paint(header: FrameHeader, rows: readonly FlowRow[], theme: Theme): void {
    this.canvases.hidden = this.below.hidden = false;
    this.showTarget(header);
    this.setVerdict(verdict(header, rows, this.texts));
    this.flow.show(rows, theme);
    this.scale.draw(header.thresholds, theme);
    const special = specialColours[theme.kind];
    this.zeroSwatch.style.background = cssColour(special.zero);
    this.notFiniteSwatch.style.background = cssColour(special.notFinite);
    this.profile.figure.describe(this.texts.get('profileDescription', this.spoken));
    this.flow.figure.describe(this.texts.get('flowDescription', this.spoken));
    this.strip.figure.describe(this.texts.get('tokensDescription', header.tokens.join('')));
    this.scale.figure.describe(this.texts.get('scaleDescription', powerOfTen(header.thresholds.vanishing), powerOfTen(header.thresholds.exploding)));
  }

  /** Which token's loss is traced back, and the way back to the last one. */
  private showTarget(header: FrameHeader | null): void {
    setText(this.targetName, header ? this.texts.get('targetToken', visibleSymbol(header.tokens[header.target])) : '');
    const isOther = header !== null && header.target !== header.tokens.length - 1;
    this.reset.show(isOther, isOther);
  }

  private setVerdict(segments: readonly Segment[]): void {
    const text = segments.map((segment) => segment.text).join('');
    if (text === this.spoken) return;
    this.spoken = text;
    this.verdictLine.replaceChildren(...segments.map((segment) => (segment.tone ? element('b', { class: segment.tone, text: segment.text }) : document.createTextNode(segment.text))));
  }

  private legend(): HTMLElement {
    const { texts } = this;
    const special = (swatch: HTMLElement, key: 'scaleZero' | 'scaleUnreachable' | 'scaleNotFinite'): HTMLElement => {
      const label = element('span');
      setText(label, texts.get(key));
      return element('span', { class: 'special' }, swatch, label);
    };
    return element(
      'div',
      { class: 'legend' },
      this.scale.figure.canvas,
      element('div', { class: 'dim', text: texts.get('scaleCaption') }),
      element('div', { class: 'specials dim' }, special(this.zeroSwatch, 'scaleZero'), special(element('i', { class: 'swatch hatched' }), 'scaleUnreachable'), special(this.notFiniteSwatch, 'scaleNotFinite')),
    );
  }
}

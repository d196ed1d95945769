/** Does the gradient reach back? The verdict, the profile, the flow and the text under each other, their scale, and the readout. */
import type { FrameHeader } from '../src/protocol/frame';
import { cssColour, specialColours } from './colours/maps';
import { stepAt, type Columns } from './columns';
import { button, type PageButton } from './controls';
import { element, setText } from './dom';
import { FlowFigure } from './figures/flow';
import type { Marked } from './figures/canvas';
import { listen, type Gestures } from './figures/pointer';
import { ProfileFigure } from './figures/profile';
import { ScaleFigure } from './figures/scale';
import { TokenStrip } from './figures/tokenStrip';
import type { FlowRow } from './flowRows';
import { powerOfTen } from './format';
import { Readout } from './readout';
import { visibleSymbol } from './symbols';
import type { Segment, Texts } from './texts';
import type { Theme } from './theme';
import { verdict } from './verdict';

/** What a figure shares with the others; each adds where its steps are. */
export type SharedGestures = Omit<Gestures, 'stepAt' | 'rowAt'>;

export class FlowSection {
  readonly root: HTMLElement;
  readonly strip = new TokenStrip();
  readonly readout: Readout;
  private readonly profile: ProfileFigure;
  private readonly flow: FlowFigure;
  private readonly scale: ScaleFigure;
  private readonly verdictLine = element('p', { class: 'verdict' });
  private readonly figures = element('div', { class: 'figures' });
  private readonly below = element('div', { class: 'below' });
  private readonly zeroSwatch = element('i', { class: 'swatch' });
  private readonly notFiniteSwatch = element('i', { class: 'swatch' });
  private readonly targetName = element('span', { class: 'dim' });
  private readonly reset: PageButton;
  private columns: Columns | null = null;
  private spoken = '';

  /** `onStrip` and `elsewhere`: the same gestures, but the strip's own text stays still under the pointer. */
  constructor(
    private readonly texts: Texts,
    onStrip: SharedGestures,
    elsewhere: SharedGestures,
    lastToken: () => void,
  ) {
    this.profile = new ProfileFigure(texts);
    this.flow = new FlowFigure(texts);
    this.scale = new ScaleFigure(texts);
    this.readout = new Readout(texts);
    this.reset = button({ action: 'lastToken', text: texts.get('lastToken'), help: texts.get('lastTokenHelp'), pressed: lastToken });
    this.figures.append(this.profile.figure.canvas, this.flow.figure.canvas, this.strip.figure.canvas);
    this.below.append(this.readout.root, this.legend());
    this.root = element(
      'section',
      { class: 'flow' },
      element('div', { class: 'heading' }, element('h2', { text: texts.get('flowTitle') }), element('span', { class: 'dim', text: texts.get('flowSubtitle') }), element('span', { class: 'grow' }), this.targetName, this.reset.root),
      this.verdictLine,
      this.figures,
      this.below,
    );
    const inColumns = (x: number): number | null => (this.columns ? stepAt(this.columns, x) : null);
    listen(this.profile.figure.canvas, { ...elsewhere, stepAt: inColumns });
    listen(this.flow.figure.canvas, { ...elsewhere, stepAt: inColumns });
    listen(this.strip.figure.canvas, { ...onStrip, stepAt: (x) => (this.strip.columns ? stepAt(this.strip.columns, x) : null) });
  }

  /** In place of the figures: why there are none. */
  say(sentence: string): void {
    this.figures.hidden = this.below.hidden = true;
    this.showTarget(null);
    this.setVerdict([{ text: sentence, tone: null }]);
  }

  /** A new frame, theme or width: colours everything anew. */
  paint(header: FrameHeader, rows: readonly FlowRow[], columns: Columns, theme: Theme): void {
    this.figures.hidden = this.below.hidden = false;
    this.columns = columns;
    this.showTarget(header);
    this.setVerdict(verdict(header, rows, this.texts));
    this.flow.paint(rows, columns, theme);
    this.scale.draw(header.thresholds, theme);
    const special = specialColours[theme.kind];
    this.zeroSwatch.style.background = cssColour(special.zero);
    this.notFiniteSwatch.style.background = cssColour(special.notFinite);
    this.profile.figure.describe(this.texts.get('profileDescription', this.spoken));
    this.flow.figure.describe(this.texts.get('flowDescription', this.spoken));
    this.strip.figure.describe(this.texts.get('tokensDescription', header.tokens.join('')));
    this.scale.figure.describe(this.texts.get('scaleDescription', powerOfTen(header.thresholds.vanishing), powerOfTen(header.thresholds.exploding)));
  }

  draw(width: number, header: FrameHeader, rows: readonly FlowRow[], columns: Columns, theme: Theme, marked: Marked): void {
    this.profile.draw(width, header, rows, columns, theme, marked);
    this.flow.draw(width, header, rows, columns, theme, marked);
    this.strip.draw(width, header, rows[0], columns, theme, marked);
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

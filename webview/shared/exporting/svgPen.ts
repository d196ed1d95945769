/** A pen that writes SVG: what figures draw with, and no more of it. */
import type { Pen } from '../figures/pen';

interface Style {
  fillStyle: string;
  strokeStyle: string;
  lineWidth: number;
  lineJoin: CanvasLineJoin;
  globalAlpha: number;
  font: string;
  textAlign: CanvasTextAlign;
  textBaseline: CanvasTextBaseline;
  imageSmoothingEnabled: boolean;
}

interface State {
  readonly style: Style;
  readonly dash: readonly number[];
  readonly x: number;
  readonly y: number;
  /** Of the group that clips what is drawn, to be closed. */
  readonly groups: number;
}

const anchors: Partial<Record<CanvasTextAlign, string>> = { center: 'middle', right: 'end', end: 'end' };

export class SvgPen implements Pen {
  fillStyle = '#000';
  strokeStyle = '#000';
  lineWidth = 1;
  lineJoin: CanvasLineJoin = 'miter';
  globalAlpha = 1;
  font = '10px sans-serif';
  textAlign: CanvasTextAlign = 'start';
  textBaseline: CanvasTextBaseline = 'alphabetic';
  imageSmoothingEnabled = true;
  private dash: readonly number[] = [];
  private x = 0;
  private y = 0;
  private groups = 0;
  private path: string[] = [];
  private readonly saved: State[] = [];
  private readonly parts: string[] = [];
  private readonly measuring = document.createElement('canvas').getContext('2d');

  /** `prefix` makes the ids of this drawing unlike those of others in the same document. */
  constructor(private readonly prefix: string) {}

  /** The elements drawn so far. */
  get content(): string {
    return this.parts.join('\n') + '</g>'.repeat(this.groups);
  }

  save(): void {
    const {
      fillStyle,
      strokeStyle,
      lineWidth,
      lineJoin,
      globalAlpha,
      font,
      textAlign,
      textBaseline,
      imageSmoothingEnabled,
    } = this;
    this.saved.push({
      style: {
        fillStyle,
        strokeStyle,
        lineWidth,
        lineJoin,
        globalAlpha,
        font,
        textAlign,
        textBaseline,
        imageSmoothingEnabled,
      },
      dash: this.dash,
      x: this.x,
      y: this.y,
      groups: this.groups,
    });
  }

  restore(): void {
    const state = this.saved.pop();
    if (!state) return;
    for (; this.groups > state.groups; this.groups--) this.parts.push('</g>');
    Object.assign(this, state.style);
    ({ dash: this.dash, x: this.x, y: this.y } = state);
  }

  translate(x: number, y: number): void {
    this.x += x;
    this.y += y;
  }

  beginPath(): void {
    this.path = [];
  }

  moveTo(x: number, y: number): void {
    this.path.push(`M${this.at(x, y)}`);
  }

  lineTo(x: number, y: number): void {
    this.path.push(`${this.path.length === 0 ? 'M' : 'L'}${this.at(x, y)}`);
  }

  rect(x: number, y: number, width: number, height: number): void {
    this.path.push(`M${this.at(x, y)}h${short(width)}v${short(height)}h${short(-width)}z`);
  }

  /** Whole circles and arcs of less than one, clockwise. */
  arc(x: number, y: number, radius: number, start: number, end: number): void {
    const point = (angle: number): string => this.at(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
    const middle = (start + end) / 2;
    const arcTo = (angle: number): string => `A${short(radius)} ${short(radius)} 0 0 1 ${point(angle)}`;
    this.path.push(`M${point(start)}${arcTo(middle)}${arcTo(end)}`);
  }

  clip(): void {
    const id = `${this.prefix}-clip-${this.parts.length}`;
    this.parts.push(`<clipPath id="${id}"><path d="${this.path.join('')}"/></clipPath><g clip-path="url(#${id})">`);
    this.groups++;
  }

  fill(): void {
    this.parts.push(`<path d="${this.path.join('')}"${this.filled()}/>`);
  }

  stroke(): void {
    if (this.path.length > 0) this.parts.push(`<path d="${this.path.join('')}" fill="none"${this.stroked()}/>`);
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    this.parts.push(`<rect${this.box(x, y, width, height)}${this.filled()}/>`);
  }

  strokeRect(x: number, y: number, width: number, height: number): void {
    this.parts.push(`<rect${this.box(x, y, width, height)} fill="none"${this.stroked()}/>`);
  }

  fillText(text: string, x: number, y: number, maxWidth?: number): void {
    this.text(text, x, y, maxWidth, this.filled());
  }

  strokeText(text: string, x: number, y: number, maxWidth?: number): void {
    this.text(text, x, y, maxWidth, ` fill="none"${this.stroked()}`);
  }

  setLineDash(dash: number[]): void {
    this.dash = dash;
  }

  measureText(text: string): TextMetrics {
    if (!this.measuring) throw new Error('This browser gives no 2D canvas.');
    this.measuring.font = this.font;
    return this.measuring.measureText(text);
  }

  drawImage(image: HTMLCanvasElement, x: number, y: number, width: number, height: number): void {
    const smoothing = this.imageSmoothingEnabled ? '' : ' style="image-rendering:pixelated"';
    this.parts.push(
      `<image${this.box(x, y, width, height)} preserveAspectRatio="none"${smoothing} href="${image.toDataURL('image/png')}"${this.opacity()}/>`,
    );
  }

  private text(text: string, x: number, y: number, maxWidth: number | undefined, paint: string): void {
    const width = maxWidth === undefined ? 0 : this.measureText(text).width;
    const squeezed =
      maxWidth !== undefined && width > maxWidth
        ? ` textLength="${short(maxWidth)}" lengthAdjust="spacingAndGlyphs"`
        : '';
    const baseline = this.textBaseline === 'middle' ? ' dominant-baseline="central"' : '';
    const anchor = anchors[this.textAlign];
    const [left, top] = this.at(x, y).split(' ');
    this.parts.push(
      `<text x="${left}" y="${top}"${baseline}${anchor === undefined ? '' : ` text-anchor="${anchor}"`} style="font:${escapeXml(this.font)};white-space:pre"${squeezed}${paint}>${escapeXml(text)}</text>`,
    );
  }

  private at(x: number, y: number): string {
    return `${short(x + this.x)} ${short(y + this.y)}`;
  }

  private box(x: number, y: number, width: number, height: number): string {
    // A canvas takes negative sizes, SVG does not.
    const [left, top] = this.at(Math.min(x, x + width), Math.min(y, y + height)).split(' ');
    return ` x="${left}" y="${top}" width="${short(Math.abs(width))}" height="${short(Math.abs(height))}"`;
  }

  private filled(): string {
    return ` fill="${escapeXml(this.fillStyle)}"${this.opacity()}`;
  }

  private stroked(): string {
    const dash = this.dash.length > 0 ? ` stroke-dasharray="${this.dash.map(short).join(' ')}"` : '';
    const join = this.lineJoin === 'miter' ? '' : ` stroke-linejoin="${this.lineJoin}"`;
    return ` stroke="${escapeXml(this.strokeStyle)}" stroke-width="${short(this.lineWidth)}"${join}${dash}${this.opacity()}`;
  }

  private opacity(): string {
    return this.globalAlpha === 1 ? '' : ` opacity="${short(this.globalAlpha)}"`;
  }
}

function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** Text for elements and attributes; characters that XML cannot hold become �. */
export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll(
      /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
      '\ufffd',
    );
}

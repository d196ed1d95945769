/**
 * What figures draw with: the part of a 2D canvas context they need, so that the same drawing can go to the screen and, for
 * taking away, to an image or to SVG.
 */
type Context = CanvasRenderingContext2D;

export interface Pen extends Pick<
  Context,
  | 'save'
  | 'restore'
  | 'translate'
  | 'beginPath'
  | 'moveTo'
  | 'lineTo'
  | 'rect'
  | 'arc'
  | 'fillRect'
  | 'strokeRect'
  | 'setLineDash'
  | 'measureText'
  | 'lineWidth'
  | 'lineJoin'
  | 'globalAlpha'
  | 'font'
  | 'textAlign'
  | 'textBaseline'
  | 'imageSmoothingEnabled'
> {
  // Of what a context takes, only colors as text and paths that were just drawn.
  fillStyle: Context['fillStyle'];
  strokeStyle: Context['strokeStyle'];
  clip(): void;
  fill(): void;
  stroke(): void;
  fillText(text: string, x: number, y: number, maxWidth?: number): void;
  strokeText(text: string, x: number, y: number, maxWidth?: number): void;
  drawImage(image: HTMLCanvasElement, x: number, y: number, width: number, height: number): void;
}

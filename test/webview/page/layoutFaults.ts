/** What is wrong with where things stand on the page: text that is cut, broken, or under other text. */

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

interface Placed {
  readonly text: string;
  /** In words, where it is: for who reads of the fault. */
  readonly place: string;
  readonly box: Box;
  /** Of what text it is a line; null on a canvas. */
  readonly node: Text | null;
}

/** A text drawn on a canvas; its box in CSS pixels of the canvas. */
interface Drawn extends Pick<Placed, 'text' | 'box'> {
  /** By how much it is narrowed to fit; 1 where it is not. */
  readonly squeeze: number;
}

/** By how much boxes of text may overlap and reach beyond an edge: what hinting and line heights do. CSS pixels. */
const slack = 1.5;

const drawn = new WeakMap<HTMLCanvasElement, Drawn[]>();

/** From now on keeps what text is drawn on each canvas. To be called before the page draws. */
export function watchTexts(): void {
  const { prototype } = CanvasRenderingContext2D;
  type Draw = (this: CanvasRenderingContext2D, ...args: unknown[]) => void;
  const [fillText, clearRect] = ['fillText', 'clearRect'].map((name) => Reflect.get(prototype, name) as Draw);
  prototype.clearRect = function (...args) {
    drawn.delete(this.canvas);
    clearRect.apply(this, args);
  };
  prototype.fillText = function (text, x, y, maxWidth) {
    const { actualBoundingBoxLeft, actualBoundingBoxRight, actualBoundingBoxAscent, actualBoundingBoxDescent } =
      this.measureText(text);
    const wide = actualBoundingBoxLeft + actualBoundingBoxRight;
    // What is too wide is squeezed, about its own anchor.
    const squeeze = maxWidth !== undefined && wide > maxWidth ? maxWidth / wide : 1;
    const matrix = this.getTransform();
    const ratio = window.devicePixelRatio;
    const corners = [-actualBoundingBoxLeft * squeeze, actualBoundingBoxRight * squeeze].flatMap((dx) =>
      [-actualBoundingBoxAscent, actualBoundingBoxDescent].map((dy) =>
        matrix.transformPoint(new DOMPoint(x + dx, y + dy)),
      ),
    );
    const [xs, ys] = [corners.map((corner) => corner.x / ratio), corners.map((corner) => corner.y / ratio)];
    const box = { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
    const texts = drawn.get(this.canvas) ?? [];
    texts.push({ text, box, squeeze });
    drawn.set(this.canvas, texts);
    if (maxWidth === undefined) fillText.call(this, text, x, y);
    else fillText.call(this, text, x, y, maxWidth);
  };
}

/** Sentences that name each fault; none where all is well. */
export function layoutFaults(): string[] {
  const faults: string[] = [];
  const { clientWidth, scrollWidth } = document.documentElement;
  if (scrollWidth > clientWidth) faults.push(`The page is ${scrollWidth} wide in a window of ${clientWidth}.`);
  const texts: Placed[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!parent || !isSeen(parent)) continue;
    texts.push(...linesOf(node as Text, parent, faults));
  }
  for (const control of document.querySelectorAll<HTMLElement>('vscode-button, button, select'))
    if (isSeen(control)) checkControl(control, clientWidth, faults);
  for (const canvas of document.querySelectorAll('canvas')) if (isSeen(canvas)) texts.push(...textsOn(canvas, faults));
  for (const { text, place, box } of texts)
    if (box.left < -slack || box.right > clientWidth + slack)
      faults.push(`“${text}” (${place}) reaches from ${at(box.left)} to ${at(box.right)}, beyond the window.`);
  faults.push(...overlaps(texts));
  return faults;
}

function isSeen(element: Element): boolean {
  if (element.closest('[popover]:not(:popover-open), .unseen, script, style')) return false;
  return element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
}

/** The lines of a text, where each is seen. Words that are broken, and what is cut, are faults. */
function linesOf(node: Text, parent: HTMLElement, faults: string[]): Placed[] {
  const place = placeOf(parent);
  const range = document.createRange();
  range.selectNodeContents(node);
  const frame = cutBy(parent);
  // In a text of the model's, and in names that may have any length, words may be broken; what does not fit of the former is cut on purpose.
  const isFree = parent.closest('.text, h1, .formula, .target > .dim') !== null;
  const style = getComputedStyle(parent);
  if (!isFree && style.overflowWrap !== 'anywhere')
    for (const { 0: word, index } of node.data.matchAll(/[\p{L}\p{N}\p{M}]+/gu)) {
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      if (new Set(Array.from(range.getClientRects(), ({ top }) => Math.round(top))).size > 1)
        faults.push(`“${word}” is broken in “${node.data}” (${place}).`);
    }
  range.selectNodeContents(node);
  return Array.from(range.getClientRects()).flatMap((rect): Placed[] => {
    if (rect.width < 1) return [];
    const { left, right, top, bottom } = rect;
    if (frame && !isFree && (left < frame.left - slack || right > frame.right + slack))
      faults.push(`“${node.data}” (${place}) is cut: it ends at ${at(right)}, and its box at ${at(frame.right)}.`);
    const seen = frame ? { left: Math.max(left, frame.left), right: Math.min(right, frame.right) } : { left, right };
    if (seen.left >= seen.right || (frame && (bottom > frame.bottom + slack || top < frame.top - slack))) return [];
    // Of a line, what has ink: two thirds of it.
    const room = (bottom - top) / 6;
    return [{ text: node.data, node, place, box: { ...seen, top: top + room, bottom: bottom - room } }];
  });
}

/** The nearest box around an element that cuts what is wider than it, the window's own scrolling aside. */
function cutBy(element: HTMLElement): Box | null {
  for (let each: HTMLElement | null = element; each && each !== document.body; each = each.parentElement)
    if (getComputedStyle(each).overflowX !== 'visible') return each.getBoundingClientRect();
  return null;
}

/** A control has one line of text, inside it. */
function checkControl(control: HTMLElement, clientWidth: number, faults: string[]): void {
  const place = placeOf(control);
  const { left, right } = control.getBoundingClientRect();
  if (left < -slack || right > clientWidth + slack)
    faults.push(`The control “${control.textContent}” (${place}) reaches beyond the window.`);
  if (control.scrollWidth > control.clientWidth + slack && control.tagName !== 'SELECT')
    faults.push(`The control “${control.textContent}” (${place}) is too narrow for its text.`);
  const range = document.createRange();
  range.selectNodeContents(control);
  const tops = Array.from(range.getClientRects(), ({ top, height }) => Math.round(top + height / 2));
  if (tops.length > 0 && Math.max(...tops) - Math.min(...tops) > 6)
    faults.push(`The control “${control.textContent}” (${place}) takes several lines.`);
}

/** The texts on a canvas, in the window. */
function textsOn(canvas: HTMLCanvasElement, faults: string[]): Placed[] {
  const outer = canvas.getBoundingClientRect();
  const place = `on the figure ${canvas.dataset['figure'] ?? canvas.parentElement?.className ?? ''}`;
  return (drawn.get(canvas) ?? []).map(({ text, box, squeeze }) => {
    // A token is, where few are wider than the others.
    if (squeeze < 0.75 && canvas.dataset['figure'] !== 'tokens')
      faults.push(`“${text}” ${place} is squeezed to ${Math.round(100 * squeeze)} % of its width.`);
    if (box.left < -slack || box.top < -slack || box.right > outer.width + slack || box.bottom > outer.height + slack)
      faults.push(
        `“${text}” ${place} is cut: it is in ${at(box.left)}…${at(box.right)} × ${at(box.top)}…${at(box.bottom)} of ${at(outer.width)} × ${at(outer.height)}.`,
      );
    return {
      text,
      place,
      node: null,
      box: {
        left: outer.left + box.left,
        right: outer.left + box.right,
        top: outer.top + box.top,
        bottom: outer.top + box.bottom,
      },
    };
  });
}

function overlaps(texts: readonly Placed[]): string[] {
  const faults: string[] = [];
  const sorted = texts.toSorted((a, b) => a.box.top - b.box.top);
  sorted.forEach((one, i) => {
    for (let j = i + 1; j < sorted.length && sorted[j].box.top < one.box.bottom - slack; j++) {
      const other = sorted[j];
      // Where an ellipsis ends a line, the browser has a box with it and one without.
      if (one.node !== null && one.node === other.node) continue;
      const across = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
      const down = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
      if (across > slack && down > slack)
        faults.push(`“${one.text}” (${one.place}) and “${other.text}” (${other.place}) stand on each other.`);
    }
  });
  return faults;
}

function placeOf(element: Element): string {
  const names: string[] = [];
  for (let each: Element | null = element; each && each.id !== 'page' && names.length < 3; each = each.parentElement)
    names.unshift(each.className === '' ? each.tagName.toLowerCase() : `.${each.className.split(' ')[0]}`);
  return names.join(' ');
}

const at = (place: number): string => String(Math.round(place));

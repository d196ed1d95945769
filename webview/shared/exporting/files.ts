/** Figures and tables as files. */
import type { Theme } from '../theme';
import type { Cell, ExportedFigure, ExportedTable } from './exported';
import { escapeXml, SvgPen } from './svgPen';

/** Around a figure, and over it for its title. CSS pixels. */
const margin = 12;
const titleHeight = 26;
/** Device pixels of a picture to a CSS pixel. */
const scale = 2;

/** A complete SVG document. `prefix` keeps the ids of several in one page apart. */
export function svgOf(figure: ExportedFigure, theme: Theme, prefix = figure.id): string {
  const [width, height] = sizeOf(figure);
  const pen = new SvgPen(prefix);
  drawFramed(pen, figure, theme);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="${prefix}-title ${prefix}-description">`,
    `<title id="${prefix}-title">${escapeXml(figure.title)}</title><desc id="${prefix}-description">${escapeXml(figure.description)}</desc>`,
    `<rect width="${width}" height="${height}" fill="${escapeXml(theme.background)}"/>`,
    pen.content,
    '</svg>\n',
  ].join('\n');
}

export async function pngOf(figure: ExportedFigure, theme: Theme): Promise<Uint8Array> {
  const [width, height] = sizeOf(figure);
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext('2d');
  if (!context) throw new Error('This browser gives no 2D canvas.');
  context.scale(scale, scale);
  context.fillStyle = theme.background;
  context.fillRect(0, 0, width, height);
  drawFramed(context, figure, theme);
  const blob = await new Promise<Blob | null>((made) => canvas.toBlob(made, 'image/png'));
  if (!blob) throw new Error('The picture is too large for this browser.');
  return new Uint8Array(await blob.arrayBuffer());
}

/** By RFC 4180, with a header line; begins with a byte order mark, by which spreadsheets know that it is UTF-8. */
export function csvOf(table: ExportedTable): string {
  const lines = [line(table.columns)];
  for (const row of table.rows()) lines.push(line(row));
  return '\ufeff' + lines.join('');
}

/** An array of objects, one for each row, keyed by the columns' names. */
export function jsonOf(table: ExportedTable): string {
  const rows = Array.from(table.rows(), (row) =>
    JSON.stringify(Object.fromEntries(table.columns.map((name, i) => [name, plain(row[i])]))),
  );
  return `[\n${rows.join(',\n')}\n]\n`;
}

/** Numbers as they are; what JSON has no number for, as a word. */
export function plain(cell: Cell | undefined): Cell {
  if (typeof cell !== 'number' || Number.isFinite(cell)) return cell ?? null;
  return Number.isNaN(cell) ? null : cell > 0 ? 'Infinity' : '-Infinity';
}

function line(cells: readonly Cell[]): string {
  return cells.map((cell) => field(plain(cell))).join(',') + '\r\n';
}

function field(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  // A spreadsheet would take such text for a formula, and the text is anybody's.
  const text = /^[=+\-@\t\r]./s.test(cell) && cell !== '-Infinity' ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function sizeOf({ width, height }: ExportedFigure): [width: number, height: number] {
  return [Math.ceil(width + 2 * margin), Math.ceil(height + 2 * margin + titleHeight)];
}

function drawFramed(pen: Parameters<ExportedFigure['draw']>[0], figure: ExportedFigure, theme: Theme): void {
  pen.save();
  pen.font = `600 14px ${theme.font}`;
  pen.fillStyle = theme.foreground;
  pen.textBaseline = 'middle';
  pen.textAlign = 'left';
  pen.fillText(figure.title, margin, margin + titleHeight / 2 - 4, figure.width);
  pen.translate(margin, margin + titleHeight);
  pen.save();
  figure.draw(pen);
  pen.restore();
  pen.restore();
}

/**
 * The whole panel as one document that opens in any browser: nothing is loaded, no script runs, and its own policy forbids both.
 * Whatever comes from a corpus is written as text.
 */
import { htmlDocument } from '../../../src/pageContract/html';
import { significant } from '../../../src/terms/numberFormat';
import { svgOf } from './files';
import type { Cell, ExportedFigure, ExportedTable } from './exported';
import { escapeXml } from './svgPen';
import type { Texts } from '../texts';
import type { Theme } from '../theme';

/** Rows of a table that the report holds; whole tables are exported as data. */
const maxRows = 200;
const maxColumns = 16;

export interface ReportSection {
  readonly title: string;
  /** What it says: sentences. */
  readonly sentences: readonly string[];
  readonly figures: readonly ExportedFigure[];
  readonly tables: readonly ExportedTable[];
}

export interface ReportOptions {
  readonly title: string;
  /** Of the run: name and value. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly sections: readonly ReportSection[];
  readonly texts: Texts;
  readonly theme: Theme;
}

export function reportOf({ title, facts, sections, texts, theme }: ReportOptions): string {
  return htmlDocument({
    language: texts.language,
    policy: "default-src 'none'; img-src data:; style-src 'unsafe-inline'",
    title,
    head: `<style>${styleOf(theme)}</style>`,
    body: `<main>
<h1>${escapeXml(title)}</h1>
<dl>${facts.map(([name, value]) => `<div><dt>${escapeXml(name)}</dt><dd>${escapeXml(value)}</dd></div>`).join('')}</dl>
${sections.map((section, i) => sectionOf(section, i, theme, texts)).join('\n')}
</main>`,
  });
}

function sectionOf(
  { title, sentences, figures, tables }: ReportSection,
  index: number,
  theme: Theme,
  texts: Texts,
): string {
  return `<section>
<h2>${escapeXml(title)}</h2>
${sentences.map((sentence) => `<p>${escapeXml(sentence)}</p>`).join('\n')}
${figures.map((figure, i) => `<figure>${svgOf(figure, theme, `figure-${index}-${i}`)}</figure>`).join('\n')}
${tables.map((table) => tableOf(table, texts)).join('\n')}
</section>`;
}

function tableOf(table: ExportedTable, texts: Texts): string {
  const rows: (readonly Cell[])[] = [];
  let total = 0;
  for (const row of table.rows()) if (++total <= maxRows) rows.push(row.slice(0, maxColumns));
  if (total === 0) return '';
  const head = table.columns
    .slice(0, maxColumns)
    .map((name) => `<th scope="col">${escapeXml(name)}</th>`)
    .join('');
  const isCut = total > maxRows || table.columns.length > maxColumns;
  return `<details>
<summary>${escapeXml(table.title)}</summary>
<div class="wide" tabindex="0" role="region" aria-label="${escapeXml(table.title)}"><table><thead><tr>${head}</tr></thead><tbody>
${rows.map((row) => `<tr>${row.map(cellOf).join('')}</tr>`).join('\n')}
</tbody></table></div>
${isCut ? `<p class="dim">${escapeXml(texts.get('panel.report.cut', texts.numbers.integer(rows.length), texts.numbers.integer(total)))}</p>` : ''}
</details>`;
}

function cellOf(cell: Cell): string {
  if (typeof cell !== 'number') return `<td>${escapeXml(cell ?? '')}</td>`;
  return `<td class="number">${Number.isInteger(cell) && Math.abs(cell) < 1e15 ? String(cell).replace('-', '−') : escapeXml(significant(cell, 6))}</td>`;
}

function styleOf({ background, foreground, dim, line, font, kind }: Theme): string {
  // Values from the page's style sheet: a < could end the element they stand in.
  const [back, fore, faint, rule, face] = [background, foreground, dim, line, font].map((value) =>
    value.replaceAll(/[<>{};]/g, ''),
  );
  return `:root{color-scheme:${kind}}body{margin:0;background:${back};color:${fore};font:14px/1.5 ${face}}main{max-width:1100px;margin:0 auto;padding:24px}
h1{font-size:20px}h2{margin-top:36px;font-size:16px}p{max-width:72ch}figure{margin:12px 0;overflow-x:auto}figure svg{max-width:100%;height:auto}
dl{display:flex;flex-wrap:wrap;gap:4px 28px}dt{color:${faint}}dd{margin:0;font-weight:600}.dim{color:${faint}}
.wide{overflow:auto;max-height:360px}table{border-collapse:collapse;font-size:12px}th,td{padding:2px 10px;border-bottom:1px solid ${rule};text-align:left;white-space:pre}.number{text-align:right;font-variant-numeric:tabular-nums}summary{cursor:pointer}`;
}

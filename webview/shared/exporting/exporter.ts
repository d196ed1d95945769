/** Takes away what the page shows: offers it to the editor, which lets the reader choose, and makes the file that was chosen. */
import type { ExportFormat, ExportKind, ExportOffer } from '../../../src/pageContract/messages';
import type { Link } from '../link';
import type { Section } from '../section';
import type { Texts } from '../texts';
import type { Theme } from '../theme';
import type { ExportedFigure, ExportedTable } from './exported';
import { csvOf, jsonOf, pngOf, svgOf } from './files';
import { reportOf, type ReportOptions } from './report';

/** What the exporter knows of the page when a file is made. */
export interface PageState {
  readonly theme: Theme;
  /** Begins the names of files. */
  readonly name: string;
  readonly title: string;
  readonly facts: ReportOptions['facts'];
}

const reportId = 'report';

export class Exporter {
  constructor(
    private readonly sections: readonly Section[],
    private readonly texts: Texts,
    private readonly link: Link,
    private readonly state: () => PageState,
  ) {}

  /** Offers what one section shows, or all of them. */
  offer(section: Section | null, kind: ExportKind | null): void {
    const from = section ? [section] : this.sections.filter(({ root }) => !root.hidden);
    const items: ExportOffer[] = [];
    if (kind !== 'data')
      items.push(
        ...from
          .flatMap((each) => each.figures?.() ?? [])
          .map(({ id, title }) => ({ id, kind: 'figure' as const, title })),
      );
    if (kind !== 'figure')
      items.push(
        ...from.flatMap((each) => each.tables?.() ?? []).map(({ id, title }) => ({ id, kind: 'data' as const, title })),
      );
    this.link.post({
      type: 'offer',
      items: kind === 'report' ? [{ id: reportId, kind, title: this.texts.get('panel.report.title') }] : items,
    });
  }

  /** Makes a file; nothing where what was offered is no longer shown. */
  async make(id: string, format: ExportFormat): Promise<void> {
    const data = await this.content(id, format);
    if (data !== null) this.link.post({ type: 'save', name: `${this.state().name}-${id}`.slice(0, 64), format, data });
  }

  private async content(id: string, format: ExportFormat): Promise<string | Uint8Array | null> {
    const { theme } = this.state();
    if (format === 'html') return this.report();
    if (format === 'svg' || format === 'png') {
      const figure = this.find((section) => section.figures?.(), id);
      if (!figure) return null;
      return format === 'svg' ? svgOf(figure, theme) : pngOf(figure, theme);
    }
    const table = this.find((section) => section.tables?.(), id);
    if (!table) return null;
    return format === 'csv' ? csvOf(table) : jsonOf(table);
  }

  private report(): string {
    const { theme, title, facts } = this.state();
    const sections = this.sections
      .filter(({ root }) => !root.hidden)
      .map((section) => ({
        title: section.root.querySelector('h2')?.textContent ?? '',
        sentences: Array.from(section.root.querySelectorAll('.sentence, .verdict'), ({ textContent }) => textContent),
        figures: section.figures?.() ?? [],
        tables: section.tables?.() ?? [],
      }))
      .filter(({ figures, tables }) => figures.length + tables.length > 0);
    return reportOf({ title, facts, sections, texts: this.texts, theme });
  }

  private find<T extends ExportedFigure | ExportedTable>(
    list: (section: Section) => readonly T[] | undefined,
    id: string,
  ): T | undefined {
    return this.sections.flatMap((section) => list(section) ?? []).find((item) => item.id === id);
  }
}

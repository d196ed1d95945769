/** A section of the page, and what it is drawn from. Sections are listed in sections.ts; the page knows only this. */
import type { Frame } from '../../src/protocol/frame';
import type { PanelStatus, ToPage } from '../../src/pageContract/messages';
import type { RunDescription } from '../../src/protocol/run';
import type { Metrics } from './charts/metrics';
import type { Columns } from './columns';
import type { ExportedFigure, ExportedTable } from './exporting/exported';
import type { FlowRow } from './flowRows';
import type { Link } from './link';
import type { Texts } from './texts';
import type { Theme } from './theme';
import type { Travel } from './travel';
import type { View } from './view';

/** What of the scene is new since the last picture. */
export interface Fresh {
  /** The frame, or that there is none. */
  readonly frame: boolean;
  /** The run's metrics. */
  readonly metrics: boolean;
  /** Theme, width of the page, or pixels of the screen: everything must be colored again. */
  readonly paint: boolean;
}

export interface Scene {
  readonly run: RunDescription | null;
  readonly status: PanelStatus;
  readonly metrics: Metrics;
  /** The newest; null until one comes, and while the probe cannot be shown. */
  readonly frame: Frame | null;
  /** Of the frame, as the figures need them. */
  readonly rows: readonly FlowRow[];
  /** Why there is no frame, in the reader's language. */
  readonly failure: string | null;
  readonly view: View;
  /** Of the probe's steps in view; every figure over the text shares them. */
  readonly columns: Columns;
  /** Room for a figure from edge to edge, CSS pixels. */
  readonly width: number;
  readonly theme: Theme;
  readonly fresh: Fresh;
}

/** What the page lends its sections. */
export interface PageParts {
  readonly texts: Texts;
  readonly link: Link;
  readonly view: View;
  readonly travel: Travel;
  /** Draws all sections soon, once for however many calls. */
  redraw(): void;
  /** The same, and tells them that everything must be colored again. */
  repaint(): void;
  /** Offers the reader what the section shows, to be saved. */
  exportSection(section: Section): void;
}

export interface Section {
  /** Mounted once, in the order of the list; a section hides itself by `root.hidden` while it has nothing to show. */
  readonly root: HTMLElement;
  /** Once for each picture the screen shows, at most. */
  draw(scene: Scene): void;
  /** Every message of the editor, before the page draws. */
  receive?(message: ToPage): void;
  /** What can be taken away now; empty while nothing is shown. */
  figures?(): readonly ExportedFigure[];
  tables?(): readonly ExportedTable[];
}

/** The link between the editor and the page: one union per direction. */
import type { Frame, UnitMapChoice } from './frame';
import type { RunDescription, RunState, ValidationPoint } from './run';

/** What the page can ask a run to do. */
export type ControlAction = 'pause' | 'resume' | 'step' | 'stop';

export interface PanelStatus {
  readonly state: RunState;
  readonly step: number;
  /** Already in the reader's language; null when there is nothing to say. */
  readonly message: string | null;
}

/** Editor → page. */
export type ToPage =
  /** The run (or opened model) to show from now on; everything shown of another is dropped. `run` null: nothing is open. */
  | { readonly type: 'run'; readonly run: RunDescription | null; readonly status: PanelStatus; readonly history: MetricRows }
  | { readonly type: 'status'; readonly status: PanelStatus }
  | { readonly type: 'progress'; readonly rows: MetricRows }
  | { readonly type: 'frame'; readonly frame: Frame }
  /** The probe cannot be shown, and why. */
  | { readonly type: 'probeFailed'; readonly message: string }
  /** The token under the pointer in the editor's text, or none. */
  | { readonly type: 'mark'; readonly step: number | null };

/** Rows of `progressColumns` (see run.ts), row-major, and the validation points among them. */
export interface MetricRows {
  readonly rows: Float64Array;
  readonly validation: readonly ValidationPoint[];
}

/** Page → editor. Everything from the page is checked by `parseFromPage` before use. */
export type FromPage =
  | { readonly type: 'ready' }
  | { readonly type: 'frameDrawn'; readonly sequence: number }
  | { readonly type: 'control'; readonly action: ControlAction }
  /** A token of the probe is under the pointer, or none. */
  | { readonly type: 'mark'; readonly step: number | null }
  /** Show this token in the text. */
  | { readonly type: 'reveal'; readonly step: number }
  | { readonly type: 'target'; readonly target: number | 'last' }
  | { readonly type: 'unitMap'; readonly choice: UnitMapChoice }
  /** A file was dropped on the page: its address, to be opened as a model. */
  | { readonly type: 'drop'; readonly uri: string }
  /** An error in the page, for the log. */
  | { readonly type: 'error'; readonly text: string };

/** State the page keeps with `setState`, from which the panel is restored after a window reload. */
export interface PanelState {
  /** Absolute path of the run's folder. */
  readonly runFolder: string | null;
  /** The text document the probe is in, as a URI. */
  readonly document: string | null;
  /** What the unit map showed; the page asks for it again. */
  readonly unitMap?: UnitMapChoice;
}

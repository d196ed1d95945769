/** The link between the editor and the page: one union per direction. */
import type { HeadChoice, Frame, UnitMapChoice } from '../protocol/frame';
import type { FlowLane, FlowOverTraining, SpectrumSample } from '../protocol/overTraining';
import type { PlaygroundResult, PlaygroundSettings } from '../protocol/playground';
import type { RunDescription, RunState, ValidationPoint } from '../protocol/run';
import type { ModelSample } from '../protocol/sample';
import type { SpectrumReport } from '../protocol/spectrum';
import type { TargetMatrix } from '../protocol/targetMatrix';
import type { TruncationReport } from '../protocol/truncation';
import type { ShownSweep } from './sweep';

/** What a page shows: one run, several beside each other, the playground, or a sweep. */
export type PageView = 'run' | 'compare' | 'playground' | 'sweep';

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
  | {
      readonly type: 'run';
      readonly run: RunDescription | null;
      readonly status: PanelStatus;
      readonly history: MetricRows;
    }
  | { readonly type: 'status'; readonly status: PanelStatus }
  | { readonly type: 'progress'; readonly rows: MetricRows }
  | { readonly type: 'frame'; readonly frame: Frame }
  /** The probe cannot be shown, and why. */
  | { readonly type: 'probeFailed'; readonly message: string }
  /** The token under the pointer in the editor's text, or none. */
  | { readonly type: 'mark'; readonly step: number | null }
  /** The flows over training that the page asked for. */
  | { readonly type: 'overTraining'; readonly history: FlowOverTraining }
  /** The frame of an earlier training step; null where none is kept. */
  | { readonly type: 'traveled'; readonly frame: Frame | null }
  /** The part of the target matrix that is computed. */
  | { readonly type: 'matrixProgress'; readonly done: number }
  /** The target matrix; null when it was canceled or could not be computed, and then why. */
  | { readonly type: 'matrix'; readonly matrix: TargetMatrix | null; readonly message: string | null }
  /** The part of the spectrum that is computed. */
  | { readonly type: 'spectrumProgress'; readonly done: number }
  /** The spectrum, its notices in the reader's language; null when it was canceled or could not be computed, and then why. */
  | {
      readonly type: 'spectrum';
      readonly spectrum: SpectrumReport | null;
      readonly notices: readonly string[];
      readonly message: string | null;
    }
  /** What the model has written so far, the newest last. */
  | ({ readonly type: 'samples' } & ShownSamples)
  /** The answer to the page's request of this number; null where there is none, which a notification explains. */
  | { readonly type: 'playground'; readonly id: number; readonly result: PlaygroundResult | null }
  /** Say what can be taken away (by `offer`), or make one of what was offered (by `save`). */
  | { readonly type: 'offerExports'; readonly kind: ExportKind }
  | { readonly type: 'export'; readonly id: string; readonly format: ExportFormat }
  | ToComparePage
  | ToSweepPage;

/** Editor → a page that compares. A run is meant by its place in `runs`. */
export type ToComparePage =
  | {
      readonly type: 'compared';
      readonly title: string;
      readonly runs: readonly ComparedRun[];
      /** The text they are compared on, as a URI; null where each, a recording, is shown on the tokens that it has read itself. */
      readonly document: string | null;
    }
  | { readonly type: 'comparedStatus'; readonly run: number; readonly status: PanelStatus }
  | { readonly type: 'comparedProgress'; readonly run: number; readonly rows: MetricRows }
  | { readonly type: 'comparedFrame'; readonly run: number; readonly frame: Frame }
  /** All of a run, in order of training steps. */
  | { readonly type: 'comparedSpectra'; readonly run: number; readonly spectra: readonly SpectrumSample[] }
  | { readonly type: 'comparedFailed'; readonly run: number; readonly message: string }
  | { readonly type: 'truncations'; readonly title: string; readonly report: TruncationReport };

/** Editor → a page that shows a sweep. */
export type ToSweepPage =
  /** All of it, as its folder is now. */
  | { readonly type: 'sweep'; readonly sweep: ShownSweep }
  /** The folder holds none that can be read, and why. */
  | { readonly type: 'sweepFailed'; readonly message: string };

export interface ComparedRun {
  readonly run: RunDescription;
  readonly status: PanelStatus;
  readonly history: MetricRows;
  /** What tells it from the others, in the reader's language: what was changed of the run that all of them continue, or a trial's settings. Null where its own settings tell. */
  readonly change: string | null;
}

export interface ShownSamples {
  readonly samples: readonly ModelSample[];
  /** Of a model that is not trained the page can ask for a sample, by `sample`. */
  readonly onRequest: boolean;
  /** Why the model cannot write, in the reader's language. */
  readonly refusal: string | null;
}

/** Figures, tables, or the whole page as one document. */
export type ExportKind = 'figure' | 'data' | 'report';
export const exportFormats = {
  figure: ['svg', 'png'],
  data: ['csv', 'json'],
  report: ['html'],
} as const satisfies Record<ExportKind, readonly string[]>;
export type ExportFormat = (typeof exportFormats)[ExportKind][number];

/** One of what the page can make. */
export interface ExportOffer {
  readonly id: string;
  readonly kind: ExportKind;
  /** In the reader's language. */
  readonly title: string;
}

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
  /** Whether the total gradient is shown too. */
  | { readonly type: 'total'; readonly shown: boolean }
  /** Whether the input gradients are shown too. */
  | { readonly type: 'inputs'; readonly shown: boolean }
  | { readonly type: 'unitMap'; readonly choice: UnitMapChoice }
  /** Which head of which layer the attention weights are shown of. */
  | { readonly type: 'head'; readonly choice: HeadChoice }
  | { readonly type: 'overTraining'; readonly lane: FlowLane }
  /** Show the flow of an earlier training step. */
  | { readonly type: 'travel'; readonly trainingStep: number }
  /** `series`: in graph mode the tensor by which; null for the usual one. */
  | { readonly type: 'matrix'; readonly action: 'compute'; readonly series: string | null }
  | { readonly type: 'matrix'; readonly action: 'cancel' }
  /** Of the text that is shown, and whose horizon is to be explained: the target, and log₁₀ of the threshold. */
  | { readonly type: 'spectrum'; readonly action: 'compute'; readonly target: number; readonly vanishing: number }
  | { readonly type: 'spectrum'; readonly action: 'cancel' }
  /** Let the reader choose which tensors of a model in graph mode are shown. */
  | { readonly type: 'chooseTensors' }
  /** Draw a sample, other than the one before. */
  | { readonly type: 'sample' }
  /** A newer request takes the place of one that has not been answered. */
  | { readonly type: 'playground'; readonly id: number; readonly settings: PlaygroundSettings }
  | { readonly type: 'openPlayground' }
  /** The newest frame of a compared run has been drawn. */
  | { readonly type: 'comparedDrawn'; readonly run: number; readonly sequence: number }
  /** Compute the truncations again, with the weights as they are now. */
  | { readonly type: 'truncations' }
  /** Show the run of one of these trials of the sweep, by their places in its list; the reader chooses among several. */
  | { readonly type: 'openTrials'; readonly trials: readonly number[] }
  /** Compare the runs of these trials, by their places in the sweep's list: as many as `comparedTrials` says, all of which can be opened. */
  | { readonly type: 'compareTrials'; readonly trials: readonly number[] }
  /** A file was dropped on the page: its address, to be opened as a model. */
  | { readonly type: 'drop'; readonly uri: string }
  /** What can be taken away now: the editor lets the reader choose. */
  | { readonly type: 'offer'; readonly items: readonly ExportOffer[] }
  /** A file's content; `name` is proposed, without an ending. */
  | { readonly type: 'save'; readonly name: string; readonly format: ExportFormat; readonly data: string | Uint8Array }
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
  /** Where the playground's sliders stood. */
  readonly playground?: PlaygroundSettings;
  /** Folders of the runs, or files of the models, that are compared. */
  readonly compared?: readonly string[];
  /** In the same order: what tells each from the others (see `ComparedRun`). */
  readonly changes?: readonly (string | null)[];
  /** What the reader has chosen to see, each section's under a name of its own; the page checks it when it reads it. */
  readonly views?: Readonly<Record<string, unknown>>;
}

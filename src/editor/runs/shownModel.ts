/** What is known of the model that a session has, and what of it is looked at. */
import * as vscode from 'vscode';
import type { Message } from '../../messages';
import type { Frame, HeadChoice, UnitMapChoice } from '../../protocol/frame';
import type { GraphSummary } from '../../protocol/graph';
import type { LayerShape } from '../../protocol/model';
import type { RunDescription, RunStatus } from '../../protocol/run';
import type { ModelSample } from '../../protocol/sample';
import type { SequenceSplit } from '../../protocol/settings';
import type { ReadUnit } from '../../tokens/tokenUnit';
import { shapesOf, type Opened } from './beginning';
import { MetricHistory } from './metricHistory';
import { hasUnitMap, usualUnitMap } from './shownUnitMap';

export abstract class ShownModel {
  protected readonly changed = new vscode.EventEmitter<void>();
  /** The description or the status is new. */
  readonly onDidChange = this.changed.event;

  /** The text document whose probe is looked at with this model. */
  document: vscode.Uri | undefined;
  /** Step whose loss is traced back. */
  target: number | 'last' = 'last';
  /** Whether the page shows the total gradient too. */
  withTotal = false;
  /** And the input gradients. */
  withInputs = false;
  /** Which head's attention weights the page shows; null until it shows some. */
  head: HeadChoice | null = null;
  /** The target stays where it is when the cursor moves. */
  isTargetPinned = false;
  /** The newest frame of the probe being watched. */
  lastFrame: Frame | null = null;
  readonly metrics = new MetricHistory();
  /** What the model wrote as it learned, the newest last. */
  samples: readonly ModelSample[] = [];
  /** Why it cannot write. */
  sampleRefusal: Message | null = null;

  private chosenUnitMap: UnitMapChoice | null = null;
  private chosen: readonly string[] | null = null;

  protected constructor(protected opened: Opened) {}

  get description(): RunDescription {
    return this.opened.description;
  }

  get status(): RunStatus {
    return this.opened.status;
  }

  /** How the model was read that this session has opened; null of a run that trains. */
  get reading(): Opened['reading'] {
    return this.opened.reading;
  }

  /** What the model is in graph mode; null of a stack of layers. */
  get graph(): GraphSummary | null {
    return this.description.graph ?? null;
  }

  /** In graph mode: names of the tensors that were chosen; null for the usual ones. */
  get chosenSeries(): readonly string[] | null {
    return this.chosen;
  }

  /** Names of the tensors that are shown; none of a stack of layers. */
  get shownSeries(): readonly string[] {
    return this.chosen ?? this.graph?.defaultSeries ?? [];
  }

  /** Shows these tensors from now on; null for the usual ones. */
  chooseSeries(names: readonly string[] | null): void {
    this.chosen = names;
    // A map is meant by its place among them.
    this.chosenUnitMap = null;
    this.changed.fire();
  }

  /** What the model takes for a token. */
  get unit(): ReadUnit {
    return this.opened.unit;
  }

  /** Whether it reads and predicts numbers, else tokens. */
  get isOfNumbers(): boolean {
    return this.unit === 'numbers';
  }

  /** Where its texts fall into sequences, if the model has learned them by themselves. */
  get split(): SequenceSplit | null {
    if (this.isOfNumbers) return 'lines';
    const { mode, split } = this.description.training;
    return this.isRun && mode === 'sequences' ? split : null;
  }

  /** Whether the model lies in a run's folder, which can be resumed. */
  get isRun(): boolean {
    return this.opened.isRun;
  }

  /** The model's, the lowest first; of a model from elsewhere not sure before its first frame. None in graph mode. */
  get layers(): readonly LayerShape[] {
    if (this.graph) return [];
    return this.lastFrame?.header.layers ?? shapesOf(this.description.model);
  }

  /** Which unit × time map the page looks at; until it has chosen, the first state of the top layer, or of a graph. */
  get unitMap(): UnitMapChoice {
    return this.chosenUnitMap ?? usualUnitMap(this.description, this.shownSeries);
  }

  set unitMap(choice: UnitMapChoice) {
    if (hasUnitMap(this.description, this.shownSeries, choice)) this.chosenUnitMap = choice;
  }
}

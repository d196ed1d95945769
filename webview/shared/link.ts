/** What the page says to the editor. */
import type { HeadChoice, UnitMapChoice } from '../../src/protocol/frame';
import type { ComparedRun, ControlAction, FromPage, PanelState } from '../../src/pageContract/messages';
import type { FlowLane } from '../../src/protocol/overTraining';
import type { PlaygroundSettings } from '../../src/protocol/playground';
import type { RunDescription } from '../../src/protocol/run';
import type { Editor } from './vscode';

export class Link {
  private marked: number | null = null;
  /** What is shown is not the editor's text: steps of it mean nothing there. */
  private isElsewhere = false;
  private isPast = false;
  /** Sections that show the input gradients. */
  private readonly withInputs = new Set<string>();

  constructor(private readonly editor: Editor) {}

  ready(): void {
    this.post({ type: 'ready' });
  }

  frameDrawn(sequence: number): void {
    this.post({ type: 'frameDrawn', sequence });
  }

  control(action: ControlAction): void {
    this.post({ type: 'control', action });
  }

  /** An earlier training step is shown, perhaps of another text: what is done on it is not sent. */
  traveled(isPast: boolean, isElsewhere: boolean): void {
    if (isElsewhere) this.mark(null);
    this.isPast = isPast;
    this.isElsewhere = isElsewhere;
  }

  /** Only changes are sent. */
  mark(step: number | null): void {
    if (step === this.marked || this.isElsewhere) return;
    this.marked = step;
    this.post({ type: 'mark', step });
  }

  /** The editor has marked a step itself, and need not hear of it. */
  markedByEditor(step: number | null): void {
    this.marked = step;
  }

  reveal(step: number): void {
    if (!this.isElsewhere) this.post({ type: 'reveal', step });
  }

  target(target: number | 'last'): void {
    if (!this.isPast) this.post({ type: 'target', target });
  }

  total(shown: boolean): void {
    this.post({ type: 'total', shown });
  }

  /** Whether this section shows the input gradients; the editor hears of it when it matters. */
  inputs(section: string, shown: boolean): void {
    const were = this.withInputs.size > 0;
    if (shown) this.withInputs.add(section);
    else this.withInputs.delete(section);
    const are = this.withInputs.size > 0;
    if (are !== were) this.post({ type: 'inputs', shown: are });
  }

  /** Another run is shown, of which the editor knows nothing yet. */
  forgetInputs(): void {
    this.withInputs.clear();
  }

  unitMap(choice: UnitMapChoice): void {
    this.post({ type: 'unitMap', choice });
    this.editor.setState({ ...this.state(), unitMap: choice });
  }

  head(choice: HeadChoice): void {
    this.post({ type: 'head', choice });
  }

  overTraining(lane: FlowLane): void {
    this.post({ type: 'overTraining', lane });
  }

  travel(trainingStep: number): void {
    this.post({ type: 'travel', trainingStep });
  }

  /** @param series in graph mode the tensor by which; null for the usual one */
  computeMatrix(series: string | null): void {
    this.post({ type: 'matrix', action: 'compute', series });
  }

  cancelMatrix(): void {
    this.post({ type: 'matrix', action: 'cancel' });
  }

  /** @param vanishing log₁₀ of the threshold */
  computeSpectrum(target: number, vanishing: number): void {
    this.post({ type: 'spectrum', action: 'compute', target, vanishing });
  }

  cancelSpectrum(): void {
    this.post({ type: 'spectrum', action: 'cancel' });
  }

  chooseTensors(): void {
    this.post({ type: 'chooseTensors' });
  }

  sample(): void {
    this.post({ type: 'sample' });
  }

  /** @param id comes back with the answer */
  playground(id: number, settings: PlaygroundSettings): void {
    this.post({ type: 'playground', id, settings });
    this.editor.setState({ ...this.state(), playground: settings });
  }

  openPlayground(): void {
    this.post({ type: 'openPlayground' });
  }

  comparedDrawn(run: number, sequence: number): void {
    this.post({ type: 'comparedDrawn', run, sequence });
  }

  truncations(): void {
    this.post({ type: 'truncations' });
  }

  /** Remembers what is compared. @param document the text, as a URI */
  rememberCompared(runs: readonly Pick<ComparedRun, 'run' | 'change'>[], document: string | null): void {
    const compared = runs.map(({ run }) => run.folder);
    this.editor.setState({ ...this.state(), compared, changes: runs.map(({ change }) => change), document });
  }

  /** @param trials places in the sweep's list */
  openTrials(trials: readonly number[]): void {
    this.post({ type: 'openTrials', trials });
  }

  /** @param trials places in the sweep's list */
  compareTrials(trials: readonly number[]): void {
    this.post({ type: 'compareTrials', trials });
  }

  /** A file was dropped here. */
  drop(uri: string): void {
    this.post({ type: 'drop', uri });
  }

  /** Keeps what the reader has chosen in a section, for when the page is shown again. */
  keepView(name: string, value: unknown): void {
    const state = this.state();
    this.editor.setState({ ...state, views: { ...state.views, [name]: value } });
  }

  /** What was kept under this name; whatever it is, it is to be checked. */
  keptView(name: string): unknown {
    return this.state().views?.[name];
  }

  error(thrown: unknown): void {
    const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    this.post({ type: 'error', text: text.slice(0, 4000) });
  }

  /** Remembers which run is shown, so that the panel can be restored with it. */
  remember(run: RunDescription | null): void {
    this.editor.setState({ ...this.state(), runFolder: run?.folder ?? null, document: run?.corpus.path ?? null });
  }

  /** What the page kept from before it was closed or the window reloaded. */
  state(): PanelState {
    return this.editor.getState() ?? { runFolder: null, document: null };
  }

  post(message: FromPage): void {
    this.editor.postMessage(message);
  }
}

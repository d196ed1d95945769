/** One tab that shows a sweep: its page is sent what the folder holds, again and again while trials are without a result. */
import * as vscode from 'vscode';
import type { FromPage, ToPage } from '../../pageContract/messages';
import type { ShownSweep } from '../../pageContract/sweep';
import { UserError } from '../../userError';
import type { Compared } from '../compare/comparison';
import type { Comparisons } from '../compare/comparisons';
import { areRecordings, endOwn, openCompared } from '../compare/openCompared';
import { localize, localizeMessage } from '../localize';
import { pathOnDisk } from '../models/onDisk';
import { showCorpus, textInView, type ModelOpener } from '../models/openModel';
import type { Notices } from '../notices';
import type { Panel } from '../panel/panel';
import type { RunRegistry } from '../runs/runRegistry';
import { throttled } from '../timing';
import { sweepFileName } from './sweepFile';
import { SweepFolder } from './sweepFolder';
import { differingSettings, pickTrial } from './sweepPick';
import { SweepReader } from './sweepReader';

export interface SweepParts {
  readonly opener: ModelOpener;
  /** Of a run: where a trial is shown. */
  readonly runPanel: Panel;
  readonly registry: RunRegistry;
  readonly comparisons: Comparisons;
  /** Of the comparison. */
  readonly comparePanel: Panel;
  readonly notices: Notices;
}

/** Milliseconds between two readings of what the editor reports, and between two looks while trials are without a result: not every change is reported (see PastRuns). */
const pace = 500;
const lookPace = 2000;
/** Of the folder: what is tried, what came of a trial, and that a trial has begun or been ended. */
const telling = `{${sweepFileName},trials/*/*.json}`;

export class SweepView implements vscode.Disposable {
  private readonly folder: SweepFolder;
  private readonly reader: SweepReader;
  private readonly lookSoon = throttled(() => void this.lookOnce(), pace);
  private readonly listeners: vscode.Disposable;
  private sweep: ShownSweep | null = null;
  private message: ToPage | null = null;
  private sent = '';
  private looking: Promise<void> | null = null;
  private timer: NodeJS.Timeout | undefined;

  /** @param panel this tab's own */
  constructor(
    folder: vscode.Uri,
    private readonly panel: Panel,
    private readonly parts: SweepParts,
  ) {
    this.folder = new SweepFolder(folder);
    this.reader = new SweepReader(this.folder);
    const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, telling));
    const changed = (file: vscode.Uri) => {
      // trials/NAME/result.json
      this.reader.forget(file.path.split('/').at(-2) ?? '');
      this.lookSoon();
    };
    this.listeners = vscode.Disposable.from(
      watcher,
      watcher.onDidCreate(changed),
      watcher.onDidChange(changed),
      watcher.onDidDelete(changed),
      panel.onDidReceive((message) => this.receive(message)),
      panel.onDidChangeVisibility(() => this.follow()),
    );
    this.follow();
  }

  dispose(): void {
    clearInterval(this.timer);
    this.listeners.dispose();
    this.lookSoon.dispose();
  }

  private receive(message: FromPage): void {
    if (message.type === 'ready' && this.message) this.panel.post(this.message);
    if (message.type === 'openTrials') void this.parts.notices.guard(() => this.open(message.trials));
    if (message.type === 'compareTrials') void this.parts.notices.guard(() => this.compare(message.trials));
  }

  /** While somebody sees it. */
  private follow(): void {
    clearInterval(this.timer);
    if (!this.panel.isVisible) return;
    this.lookSoon();
    this.timer = setInterval(() => {
      if (!this.isOver) void this.lookOnce();
    }, lookPace);
  }

  /** Every trial has its result. */
  private get isOver(): boolean {
    return this.sweep?.trials.every(({ state }) => state !== 'begun' && state !== 'waiting') ?? false;
  }

  /** Not while a look is under way, which on a slow drive can take longer than the pace: its end is waited for. */
  private lookOnce(): Promise<void> {
    this.looking ??= this.look().finally(() => (this.looking = null));
    return this.looking;
  }

  private async look(): Promise<void> {
    let fault: unknown = null;
    try {
      this.sweep = await this.reader.read();
      this.message = { type: 'sweep', sweep: this.sweep };
      this.panel.setTitle(localize('tab.sweep', this.sweep.name));
    } catch (error) {
      this.sweep = null;
      if (!(error instanceof UserError)) fault = error;
      const sentence = error instanceof UserError ? localizeMessage(error) : localize('error.unexpected');
      this.message = { type: 'sweepFailed', message: sentence };
    }
    const text = JSON.stringify(this.message);
    if (text === this.sent) return;
    this.sent = text;
    this.panel.post(this.message);
    // Once, and not with every look.
    if (fault !== null) this.parts.notices.report(fault);
  }

  /** Shows the run, or recording, of one of these trials; of several the reader chooses. */
  private async open(trials: readonly number[]): Promise<void> {
    const { sweep, reader } = this;
    const those = trials.filter((trial) => sweep?.trials.at(trial)?.canOpen);
    if (!sweep || those.length === 0) return;
    const trial = those.length === 1 ? those[0] : await pickTrial(sweep, those);
    const run = trial === undefined ? undefined : reader.runOf(trial);
    if (run === undefined) return;
    const { opener, runPanel } = this.parts;
    if (!(await opener.open(pathOnDisk(this.folder.of(run))))) return;
    runPanel.show(this.columnOfOthers);
    this.returnTo(runPanel);
  }

  /** Shows the runs, or recordings, of these trials together, as Compare Runs… does; none of them has to be open. */
  private async compare(trials: readonly number[]): Promise<void> {
    const { sweep, reader } = this;
    const those = trials.flatMap((trial) => {
      const run = reader.runOf(trial);
      const shown = sweep?.trials.at(trial);
      return sweep && shown?.canOpen && run !== undefined
        ? [{ path: pathOnDisk(this.folder.of(run)), change: differingSettings(sweep, shown, trials) }]
        : [];
    });
    // The page offers no others, unless the folder has changed just now.
    if (!sweep || those.length < trials.length) return;
    const { registry, opener, comparisons, comparePanel } = this.parts;
    const compared = await openCompared({ registry, opener }, those, undefined);
    let document: vscode.Uri | null | undefined;
    try {
      // A question about one of them was not answered.
      const areAll = compared.length === those.length;
      document = areAll ? await textOf(compared) : undefined;
    } finally {
      if (document === undefined) endOwn(compared);
    }
    if (document === undefined) return;
    const title = localize('compare.trials.title', sweep.name);
    await comparisons.compare(title, compared, document, this.columnOfOthers);
    this.returnTo(comparePanel);
  }

  /** Where what is chosen here is shown: beside the sweep; where the sweep itself stands beside a text, over it. */
  private get columnOfOthers(): vscode.ViewColumn {
    const { column } = this.panel;
    return column === undefined || column === vscode.ViewColumn.One ? vscode.ViewColumn.Beside : column;
  }

  /** The text may have come over the sweep, from which the next trial is chosen. */
  private returnTo(shown: Panel): void {
    if (shown.column !== this.panel.column) this.panel.reveal();
  }
}

/** What they are compared on: their corpus, or another text where that is gone; null for recordings, which have read tokens of their own. Undefined where a person gave none. */
async function textOf(compared: readonly Compared[]): Promise<vscode.Uri | null | undefined> {
  return areRecordings(compared) ? null : ((await showCorpus(compared[0].session)) ?? (await textInView()));
}

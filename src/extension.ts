/** The extension's wiring. */
import { readFileSync } from 'node:fs';
import * as vscode from 'vscode';
import type { BackflowApi } from './editor/api/backflow';
import { Flows } from './editor/api/flows';
import { ChoiceMemory } from './editor/choices/choiceMemory';
import { registerCommands } from './editor/commands';
import { Comparisons } from './editor/compare/comparisons';
import { Notices } from './editor/notices';
import { ModelAnswers } from './editor/models/modelAnswers';
import { ModelEditor, modelEditorType } from './editor/models/modelEditor';
import { ModelOpener } from './editor/models/openModel';
import { PanelExports } from './editor/panel/exporting';
import { InspectionLink } from './editor/panel/inspectionLink';
import { SpectrumLink } from './editor/panel/spectrumLink';
import { comparePanelType, Panel, panelType, playgroundPanelType } from './editor/panel/panel';
import { PanelLink } from './editor/panel/panelLink';
import { HoverPriority } from './editor/panel/hoverPriority';
import { PanelRestorer } from './editor/panel/restorePanel';
import { SampleLink } from './editor/panel/sampleLink';
import { Playground } from './editor/playground';
import { TokenHover } from './editor/probe/hover';
import { ProbeTracker } from './editor/probe/probeTracker';
import { TargetFollower } from './editor/probe/targetFollower';
import { TintMemory } from './editor/probe/tintMemory';
import { Tints } from './editor/probe/tints';
import { TokenMarks } from './editor/probe/tokenMarks';
import { Watching } from './editor/probe/watching';
import { EngineProcess } from './editor/process/engineProcess';
import { PastRecordings } from './editor/recordings/pastRecordings';
import { PastRuns } from './editor/runs/pastRuns';
import { RunControl } from './editor/runs/runControl';
import { RunRegistry } from './editor/runs/runRegistry';
import { RunTree } from './editor/runs/runTree';
import { RunsFolder } from './editor/runs/runsFolder';
import { StatusBar } from './editor/runs/statusBar';
import { SweepEditor, sweepEditorType } from './editor/sweeps/sweepEditor';
import { taskType, TrainTasks } from './editor/tasks/trainTask';
import { setEnglishSource, type Templates } from './messages';

let registry: RunRegistry | undefined;

export function activate(context: vscode.ExtensionContext): BackflowApi {
  setEnglishSource(
    () => JSON.parse(readFileSync(context.asAbsolutePath('l10n/bundle.l10n.json'), 'utf8')) as Templates,
  );
  const log = vscode.window.createOutputChannel('Backflow', { log: true });
  const notices = new Notices(log);
  const engineFile = context.asAbsolutePath('dist/engine.js');
  const launch = () => new EngineProcess(engineFile, log);

  const runs = new RunRegistry();
  registry = runs;
  const runsFolder = new RunsFolder(context);
  const pastRuns = new PastRuns(runsFolder);
  const control = new RunControl(notices);
  const recordings = new PastRecordings(runsFolder);
  const tree = new RunTree(runs, pastRuns, recordings);

  const hoverPriority = new HoverPriority();
  const panel = new Panel(context.extensionUri, log, hoverPriority);
  const tracker = new ProbeTracker(runs);
  const tintMemory = new TintMemory(context.workspaceState);
  const tints = new Tints(runs, tracker, tintMemory);
  const marks = new TokenMarks(tracker);
  const watching = new Watching(runs, tracker, panel, tints, tintMemory);
  const follower = new TargetFollower(runs, tracker, watching, tints);
  const link = new PanelLink(panel, runs, tracker, watching, marks, control);
  const sampleLink = new SampleLink(panel, runs);
  const exports = new PanelExports(panel, notices);
  const hover = new TokenHover(runs, tracker, hoverPriority, log);
  const answers = new ModelAnswers(context.workspaceState);
  const opener = new ModelOpener(launch, runs, pastRuns, tracker, panel, answers);
  const restorer = new PanelRestorer(panel, opener, runs, context.workspaceState, notices, tracker);
  const inspectionLink = new InspectionLink(panel, runs, tracker, notices);
  const spectrumLink = new SpectrumLink(panel, runs, tracker, notices);
  const comparePanel = new Panel(context.extensionUri, log, hoverPriority, 'compare');
  const compareExports = new PanelExports(comparePanel, notices);
  const comparisons = new Comparisons({ panel: comparePanel, registry: runs, control }, opener, tracker, notices);
  const playgroundPanel = new Panel(context.extensionUri, log, hoverPriority, 'playground');
  const playgroundExports = new PanelExports(playgroundPanel, notices);
  const playground = new Playground(playgroundPanel, launch, notices);
  const choices = new ChoiceMemory(context.workspaceState);
  const training = { launch, registry: runs, runsFolder, panel, choices };

  const flows = new Flows(launch, runs);

  context.subscriptions.push(
    log,
    flows,
    runs,
    pastRuns,
    tree,
    new StatusBar(runs),
    hoverPriority,
    panel,
    choices,
    tracker,
    tintMemory,
    tints,
    marks,
    watching,
    follower,
    link,
    sampleLink,
    exports,
    restorer,
    inspectionLink,
    spectrumLink,
    comparePanel,
    compareExports,
    comparisons,
    playgroundPanel,
    playgroundExports,
    playground,
    runs.onEach(
      ({ onDidInterrupt }) => onDidInterrupt,
      (sentence, session) => void control.offerResume(session, sentence),
    ),
    runs.onEach(
      ({ onDidHang }) => onDidHang,
      (_, session) => void control.offerEnd(session),
    ),
    hover.onDidHover((token) => link.mark(token)),
    vscode.languages.registerHoverProvider('*', hover),
    vscode.tasks.registerTaskProvider(taskType, new TrainTasks(training, runs)),
    vscode.window.registerWebviewPanelSerializer(panelType, restorer),
    vscode.window.registerWebviewPanelSerializer(comparePanelType, comparisons),
    vscode.window.registerWebviewPanelSerializer(playgroundPanelType, playground),
    vscode.window.registerCustomEditorProvider(
      modelEditorType,
      new ModelEditor(context.extensionUri, launch, log, answers),
      {
        supportsMultipleEditorsPerDocument: true,
      },
    ),
    vscode.window.registerCustomEditorProvider(
      sweepEditorType,
      new SweepEditor(context.extensionUri, log, hoverPriority, {
        opener,
        runPanel: panel,
        registry: runs,
        comparisons,
        comparePanel,
        notices,
      }),
    ),
    registerCommands({
      training,
      registry: runs,
      control,
      opener,
      pastRuns,
      recordings,
      panel,
      exports,
      tracker,
      follower,
      marks,
      tintMemory,
      extensionUri: context.extensionUri,
      comparisons,
      playground,
      recording: { extensionUri: context.extensionUri, opener, panel, notices },
      notices,
      log,
    }),
  );
  return flows.api;
}

/** Ends the engines in order: each saves a checkpoint first. */
export async function deactivate(): Promise<void> {
  await registry?.closeAll();
}

/** Train on This File. */
import { open, stat } from 'node:fs/promises';
import { sep } from 'node:path';
import * as vscode from 'vscode';
import type { CorpusSource, StartingModel, TrainRequest } from '../protocol/engine';
import type { RunDescription } from '../protocol/run';
import { kindsInFolder } from '../layers/stackName';
import { layersOf, type ModelSettings } from '../protocol/settings';
import { isTextOfNumbers } from '../tokens/numbers';
import type { ChoiceMemory } from './choices/choiceMemory';
import { withChoices } from './choices/choices';
import { askBeforeTraining } from './choices/trainingPick';
import {
  modelSettings,
  settingsForNumbers,
  trainingSettings,
  vocabularySettings,
  type SettingReader,
} from './chosenSettings';
import type { Panel } from './panel/panel';
import { editorOf } from './probe/probeTracker';
import type { RunRegistry } from './runs/runRegistry';
import type { Beginning } from './runs/beginning';
import { RunSession, type EngineLauncher } from './runs/runSession';
import type { RunsFolder } from './runs/runsFolder';
import { settingsFor, settingsWith } from './settings';
import { localize } from './localize';

export interface TrainingParts {
  readonly launch: EngineLauncher;
  readonly registry: RunRegistry;
  readonly runsFolder: RunsFolder;
  readonly panel: Panel;
  readonly choices: ChoiceMemory;
}

/**
 * Starts a run.
 * @param target what a menu gives (a URI), or a key binding or another extension ({ uri?, model?, training? }); the active
 * text if neither names one
 * @param from a model to begin with; null for a new one
 * @returns the run, or undefined when there is no text to train on, or the user dismissed a question
 * @throws RpcError when the engine refuses
 */
export async function train(
  parts: TrainingParts,
  target: unknown,
  from: StartingModel | null = null,
): Promise<RunDescription | undefined> {
  const asked = await trainRequest(parts, target, { from, mayAsk: true });
  if (!asked) return undefined;
  const session = await beginBesidePanel(parts, { kind: 'train', request: asked.request });
  if (asked.isText) session.document = asked.document;
  parts.registry.add(session);
  return session.description;
}

/** What a training is to be asked of the engine. */
export interface RequestedTraining {
  readonly request: TrainRequest;
  readonly document: vscode.Uri;
  /** Whether the editor can show it as text. */
  readonly isText: boolean;
  /** The corpus's file name, or an unsaved document's title. */
  readonly name: string;
}

export interface AskingOptions {
  readonly from?: StartingModel | null;
  /** Whether the user may be asked for settings that the caller has not given. */
  readonly mayAsk: boolean;
  /** The model that is chosen instead of that of the settings, which it is given. */
  readonly adapt?: (read: SettingReader) => ModelSettings;
}

/** The text that is asked for, and what is given with it: see `train`. */
function askedFor(target: unknown): {
  readonly uri: vscode.Uri | undefined;
  readonly given: Readonly<Record<string, unknown>>;
} {
  const given =
    typeof target === 'object' && target !== null && !(target instanceof vscode.Uri)
      ? (target as Record<string, unknown>)
      : {};
  return { uri: uriOf(target) ?? uriOf(given['uri']) ?? vscode.window.activeTextEditor?.document.uri, given };
}

/** The settings of such a training, without a question. */
export function settingsOf(target: unknown): SettingReader {
  const { uri, given } = askedFor(target);
  return settingsWith(settingsFor(uri), given);
}

/** What `train` asks of the engine. Brings the text into view. */
export async function trainRequest(
  parts: TrainingParts,
  target: unknown,
  { from = null, mayAsk, adapt }: AskingOptions,
): Promise<RequestedTraining | undefined> {
  const { uri, given } = askedFor(target);
  if (!uri) {
    void vscode.window.showInformationMessage(localize('train.needsText'));
    return undefined;
  }
  const document = await openDocument(uri);
  const corpus = corpusOf(uri, document);
  const chosen =
    isExplicit(given) || from || !mayAsk ? settingsWith(settingsFor(uri), given) : await askedSettings(parts, uri);
  if (!chosen) return undefined;
  const read = from || !(await isOfNumbers(uri, document)) ? chosen : settingsForNumbers(chosen);
  const model = adapt ? adapt(read) : modelSettings(read);
  const path = corpus.kind === 'file' ? corpus.path : corpus.name;
  const [vocabulary, training] = [vocabularySettings(read), trainingSettings(read)];
  const folder = await parts.runsFolder.newRun(uri, path, from ? 'further' : kindsInFolder(layersOf(model)));
  const request = { corpus, from, vocabulary, model, training, folder };
  if (document && !editorOf(document.uri)) await vscode.window.showTextDocument(document, { preview: false });
  return { request, document: uri, isText: document !== undefined, name: path.slice(path.lastIndexOf(sep) + 1) };
}

/** Whether a text is one of sequences of numbers. A file can be too large for the editor to show it. */
async function isOfNumbers(uri: vscode.Uri, document: vscode.TextDocument | undefined): Promise<boolean> {
  if (document) return isTextOfNumbers(document.getText(beginning));
  if (uri.scheme !== 'file') return false;
  // A pipe to which nobody writes is never opened.
  const isFile = await stat(uri.fsPath).then(
    (found) => found.isFile(),
    () => false,
  );
  const file = isFile ? await open(uri.fsPath, 'r').catch(() => undefined) : undefined;
  if (!file) return false;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(beginningBytes), 0, beginningBytes, 0);
    return isTextOfNumbers(buffer.toString('utf8', 0, bytesRead));
  } catch {
    return false;
  } finally {
    await file.close();
  }
}

/** Lines, and bytes, by which it is told. */
const beginning = new vscode.Range(0, 0, 1000, 0);
const beginningBytes = 1_000_000;

/** Whether the caller has given the settings of the training. */
function isExplicit(given: Readonly<Record<string, unknown>>): boolean {
  return ['model', 'training', 'corpus'].some((group) => given[group] !== undefined);
}

/** The settings, with what a person chooses just now put before them. */
async function askedSettings({ choices }: TrainingParts, uri: vscode.Uri): Promise<SettingReader | undefined> {
  const read = settingsFor(uri);
  if (read('training.ask') === false) return read;
  const chosen = await askBeforeTraining(read, choices.read(), uri.path.slice(uri.path.lastIndexOf('/') + 1));
  if (!chosen) return undefined;
  choices.write(chosen);
  return withChoices(read, chosen);
}

/** Starts the engine while the panel's page loads, each of which takes a second. A refused run leaves no panel behind. */
async function beginBesidePanel({ launch, panel }: TrainingParts, beginning: Beginning): Promise<RunSession> {
  const wasOpen = panel.isOpen;
  panel.show();
  try {
    const title = localize('train.progress');
    return await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, () =>
      RunSession.begin(launch, beginning),
    );
  } catch (error) {
    if (!wasOpen) panel.close();
    throw error;
  }
}

function uriOf(value: unknown): vscode.Uri | undefined {
  if (value instanceof vscode.Uri) return value;
  return typeof value === 'string' ? vscode.Uri.parse(value, true) : undefined;
}

/** The document; undefined where the editor cannot open it as text, and the engine is to say why it is no corpus. */
async function openDocument(uri: vscode.Uri): Promise<vscode.TextDocument | undefined> {
  try {
    return await vscode.workspace.openTextDocument(uri);
  } catch (error) {
    if (uri.scheme === 'file') return undefined;
    throw error;
  }
}

/** A file that is on disk as it is shown is read by the engine itself; any other text is handed over. */
function corpusOf(uri: vscode.Uri, document: vscode.TextDocument | undefined): CorpusSource {
  if (uri.scheme === 'file' && !document?.isDirty) return { kind: 'file', path: uri.fsPath };
  const name = uri.path.slice(uri.path.lastIndexOf('/') + 1);
  return { kind: 'text', text: document?.getText() ?? '', name: name === '' ? localize('train.untitled') : name };
}

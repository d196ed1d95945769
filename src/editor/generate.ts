/** Generate Text: lets a model write on in a new document, while one looks. */
import * as vscode from 'vscode';
import type { RunSession } from './runs/runSession';
import { settingsFor } from './settings';
import { localize, localizeMessage } from './localize';

/** UTF-16 units of the selection that are used. */
const maxPromptLength = 2000;

interface GenerationRequest {
  readonly prompt: string;
  readonly temperature: number;
}

/**
 * @param given by a key binding or another extension: { prompt?, temperature?, length? }; what is missing is asked for
 * @throws RpcError when the engine refuses
 */
export async function generateText(session: RunSession, given: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const request = await askFor(given);
  if (!request) return;
  const length = wholeNumber(given['length']) ?? wholeNumber(settingsFor(session.document)('generate.length')) ?? 500;
  const document = await vscode.workspace.openTextDocument({ content: request.prompt });
  await vscode.window.showTextDocument(document);
  const writer = new Writer(document, request.prompt);
  const title = localize('generate.progress', session.description.name);
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    async (_, cancellation) => {
      const controller = new AbortController();
      const end = () => controller.abort();
      cancellation.onCancellationRequested(end);
      // Closing the document ends the generation.
      const closing = vscode.workspace.onDidCloseTextDocument((closed) => {
        if (closed === document) end();
      });
      try {
        const sampling = { ...request, length, topK: null, topP: null, seed: Math.floor(Math.random() * 2 ** 31) };
        const { text, notices } = await session.sample(sampling, controller.signal, (grown) => writer.grow(grown));
        writer.grow(text);
        await writer.done();
        if (notices.length > 0) void vscode.window.showInformationMessage(notices.map(localizeMessage).join(' '));
      } finally {
        closing.dispose();
      }
    },
  );
}

/** Puts a growing text behind what stands in a document, one edit at a time. */
class Writer {
  private written = 0;
  private text = '';
  private edits: Promise<unknown> = Promise.resolve();
  private isWriting = false;

  constructor(
    private readonly document: vscode.TextDocument,
    private readonly prompt: string,
  ) {}

  grow(text: string): void {
    // A model of sequences may give its prompt again.
    this.text = this.prompt !== '' && text.startsWith(this.prompt) ? text.slice(this.prompt.length) : text;
    if (this.isWriting) return;
    this.isWriting = true;
    this.edits = this.write().finally(() => (this.isWriting = false));
  }

  async done(): Promise<void> {
    await this.edits;
    await this.write();
  }

  private async write(): Promise<void> {
    while (this.written < this.text.length && !this.document.isClosed) {
      const piece = this.text.slice(this.written);
      const { end } = this.document.lineAt(this.document.lineCount - 1).range;
      const edit = new vscode.WorkspaceEdit();
      edit.insert(this.document.uri, end, piece);
      if (!(await vscode.workspace.applyEdit(edit))) return;
      this.written += piece.length;
    }
  }
}

async function askFor(given: Readonly<Record<string, unknown>>): Promise<GenerationRequest | undefined> {
  const prompt = typeof given['prompt'] === 'string' ? given['prompt'] : await askForPrompt();
  if (prompt === undefined) return undefined;
  const temperature =
    typeof given['temperature'] === 'number' && given['temperature'] >= 0
      ? given['temperature']
      : await askForTemperature();
  return temperature === undefined ? undefined : { prompt, temperature };
}

function askForPrompt(): Thenable<string | undefined> {
  const editor = vscode.window.activeTextEditor;
  const selected = editor && !editor.selection.isEmpty ? editor.document.getText(editor.selection) : '';
  // A box has one line; more of a selection is taken as it is.
  if (selected.includes('\n')) return Promise.resolve(tail(selected));
  return vscode.window.showInputBox({
    title: localize('generate.prompt.title'),
    prompt: localize('generate.prompt.help'),
    value: tail(selected),
    ignoreFocusOut: true,
  });
}

async function askForTemperature(): Promise<number | undefined> {
  const usual = settingsFor(undefined)('generate.temperature');
  const answer = await vscode.window.showInputBox({
    title: localize('generate.temperature.title'),
    prompt: localize('generate.temperature.help'),
    value: String(typeof usual === 'number' ? usual : 0.8),
    validateInput: (value) =>
      temperatureOf(value) === undefined ? localize('generate.temperature.invalid') : undefined,
    ignoreFocusOut: true,
  });
  return answer === undefined ? undefined : temperatureOf(answer);
}

function temperatureOf(text: string): number | undefined {
  const value = Number(text.trim().replace(',', '.'));
  return text.trim() !== '' && value >= 0 && value <= 10 ? value : undefined;
}

function wholeNumber(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : undefined;
}

/** The end of a long text, without half of a code point. */
function tail(text: string): string {
  return text.slice(-maxPromptLength).replace(/^[\udc00-\udfff]/, '');
}

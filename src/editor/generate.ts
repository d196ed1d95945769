/** Generate Text: lets the current model write on, from the selected text. */
import * as vscode from 'vscode';
import type { RunSession } from './runs/runSession';

/** Tokens to write, and how boldly. */
const length = 500;
const temperature = 0.8;
/** UTF-16 units of the selection that are used. */
const longestPrompt = 2000;

/** @throws RpcError when the engine refuses */
export async function generateText(session: RunSession): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const selected = editor && !editor.selection.isEmpty ? editor.document.getText(editor.selection) : '';
  const prompt = tail(selected);
  const title = vscode.l10n.t('Generating text with {0}', session.description.name);
  const text = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title, cancellable: true }, (_, token) => {
    const controller = new AbortController();
    token.onCancellationRequested(() => controller.abort());
    return session.sample({ prompt, length, temperature, topK: null, topP: null, seed: Math.floor(Math.random() * 2 ** 31) }, controller.signal);
  });
  const document = await vscode.workspace.openTextDocument({ content: text.startsWith(prompt) ? text : prompt + text });
  await vscode.window.showTextDocument(document);
}

/** The end of a long text, without half of a code point. */
function tail(text: string): string {
  return text.slice(-longestPrompt).replace(/^[\udc00-\udfff]/, '');
}

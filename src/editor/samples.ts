/** The sample texts, opened as new documents: what comes with the extension is not to be changed. */
import * as vscode from 'vscode';
import { localize } from './localize';

const samples = ['tale.txt', 'tale-ko.txt', 'hello.txt', 'brackets.txt', 'copy.txt', 'adding.txt'] as const;
type Sample = (typeof samples)[number];

/** @param given the name of a sample; asked for when it is none */
export async function openSample(extensionUri: vscode.Uri, given: unknown): Promise<void> {
  const name = samples.find((sample) => sample === given) ?? (await pickSample());
  if (!name) return;
  const bytes = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(extensionUri, 'media', 'samples', name));
  const document = await vscode.workspace.openTextDocument({
    content: new TextDecoder().decode(bytes),
    language: 'plaintext',
  });
  await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.One, preview: false });
}

async function pickSample(): Promise<Sample | undefined> {
  const told: Readonly<Record<Sample, string>> = {
    'tale.txt': localize('sampleText.tale'),
    'tale-ko.txt': localize('sampleText.taleKorean'),
    'hello.txt': localize('sampleText.hello'),
    'brackets.txt': localize('sampleText.brackets'),
    'copy.txt': localize('sampleText.copy'),
    'adding.txt': localize('sampleText.adding'),
  };
  const items = samples.map((sample) => ({ label: sample, detail: told[sample], sample }));
  return (await vscode.window.showQuickPick(items, { placeHolder: localize('sampleText.placeholder') }))?.sample;
}

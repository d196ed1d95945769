/** What the recorder for PyTorch has made: the lines that README.md gives are run, and what they record is shown. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, cpSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { EditorWindow } from '../harness/editorWindow';
import { firstFrame, picture, settled } from '../harness/panel';
import type { Files, Workspace } from '../harness/workspace';
import { keep, keepParts, project, screenshot } from './scene';

const sample = 'media/samples/tale.txt';

/** The first Python of README.md that makes a Recorder. */
function readmeLines(): string {
  const blocks = readFileSync(join(project, 'README.md'), 'utf8').matchAll(/```python\n([\s\S]*?)```/g);
  const found = Array.from(blocks, ([, lines]) => lines).find((lines) => lines.includes('.Recorder('));
  if (found === undefined) throw new Error('README.md has no Python that makes a Recorder.');
  return found;
}

let recorded: string | null = null;

/** The folder in which the lines have run; they run once. */
function recordedFolder(): string {
  if (recorded !== null) return recorded;
  const python = process.env['BACKFLOW_PYTHON'];
  if (!python) throw new Error('BACKFLOW_PYTHON is not set: run this with "npm run pictures".');
  const folder = mkdtempSync(join(tmpdir(), 'backflow-recorded-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, dirname(sample)), { recursive: true });
  cpSync(join(project, sample), join(folder, sample));
  writeFileSync(join(folder, 'train.py'), readmeLines());
  const run = (...args: string[]): string =>
    execFileSync(python, args, {
      cwd: folder,
      env: { ...process.env, PYTHONPATH: join(project, 'python'), PYTHONDONTWRITEBYTECODE: '1' },
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
  run('train.py');
  writeFileSync(join(folder, 'flow.ipynb'), run('-c', notebookProgram));
  return (recorded = folder);
}

/** Prints a notebook whose one cell has run: it needs no kernel to be made, since a result says by itself how it is shown. */
const notebookProgram = `
import json
from backflow_recorder import open_recording
source = 'from backflow_recorder import open_recording\\n\\nopen_recording("runs/tale")'
exec(source.rsplit("\\n", 1)[0])
data = {kind: value for kind, value in eval(source.rsplit("\\n", 1)[1])._repr_mimebundle_().items()}
output = {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": data}
cell = {"cell_type": "code", "execution_count": 1, "id": "flow", "metadata": {}, "source": source, "outputs": [output]}
print(json.dumps({"cells": [cell], "metadata": {"language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}))
`;

export const recordedFiles = (): Files => ({ 'train.py': readmeLines() });
export const notebookFiles = (): Files => ({ 'flow.ipynb': readFileSync(join(recordedFolder(), 'flow.ipynb')) });

/** The script beside the recording that it made. */
export async function takeRecording(window: EditorWindow, workspace: Workspace): Promise<void> {
  cpSync(join(recordedFolder(), 'runs'), join(workspace.folder, 'runs'), { recursive: true });
  await window.runCommand('Backflow: Focus on Runs View');
  await window.page.locator('.sidebar .monaco-list-row', { hasText: /tale/ }).first().click();
  const panel = await window.panelFrame();
  await firstFrame(panel);
  await panel.locator('canvas[data-figure="overTraining"]').waitFor();
  await window.runCommand('View: Toggle Primary Side Bar Visibility');
  await settled(async () => (await picture(panel, 'flow')).url);
  await window.rest();
  keep('recording', await screenshot(window));
}

export async function takeNotebook(window: EditorWindow): Promise<void> {
  const outputs = await window.panelFrame('[data-figure="flow"]');
  await outputs.locator('.flow-output .verdict').filter({ hasText: /\S/ }).waitFor();
  await window.rest();
  await settled(async () => (await picture(outputs, 'flow')).url);
  await keepParts(window, 'notebook', [
    window.page.locator('.notebookOverlay .cell-list-container .monaco-list-row').first(),
    outputs.locator('.flow-output').first(),
  ]);
}

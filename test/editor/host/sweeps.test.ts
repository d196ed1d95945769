/** What package.json promises of sweeps to other extensions and key bindings: its command with a folder or a file, and its editor of sweep.json, which has to be asked for. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { removeFolder } from '../../support/removeFolder';
import { sweepJson } from '../../support/sweepFolder';

interface Manifest {
  readonly contributes: {
    readonly customEditors: readonly { readonly viewType: string; readonly displayName: string }[];
    readonly menus: Readonly<Record<string, readonly { readonly command: string; readonly when?: string }[]>>;
  };
}

describe('a sweep in the editor', () => {
  let folder: string;
  let file: vscode.Uri;

  before(() => {
    const workspace = vscode.workspace.workspaceFolders?.at(0)?.uri.fsPath;
    assert.ok(workspace !== undefined, 'no folder is open');
    folder = join(workspace, 'sweep-host');
    mkdirSync(join(folder, 'none'), { recursive: true });
    file = vscode.Uri.file(join(folder, 'sweep.json'));
    writeFileSync(file.fsPath, sweepJson({ grid: { kind: ['rnn', 'gru'] } }));
  });
  afterEach(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));
  after(() => removeFolder(folder));

  const open = () => vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  const assertIsSweep = () => {
    const input = open();
    assert.ok(input instanceof vscode.TabInputCustom, 'no tab of a sweep is open');
    assert.deepEqual([input.viewType, input.uri.toString()], ['backflow.sweep', file.toString()]);
  };

  it('opens by its command, given its folder or its file, each time in the one tab', async () => {
    await vscode.commands.executeCommand('backflow.openSweep', vscode.Uri.file(folder));
    assertIsSweep();
    await vscode.commands.executeCommand('backflow.openSweep', file);
    assertIsSweep();
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
    assert.equal(tabs.filter(({ input }) => input instanceof vscode.TabInputCustom).length, 1);
  });

  it('opens nothing of a folder that has none', async () => {
    await vscode.commands.executeCommand('backflow.openSweep', vscode.Uri.file(join(folder, 'none')));
    assert.equal(open(), undefined);
  });

  it('is shown where its editor is asked for; a click shows its file as a text', async () => {
    await vscode.commands.executeCommand('vscode.openWith', file, 'backflow.sweep');
    assertIsSweep();
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await vscode.commands.executeCommand('vscode.open', file);
    assert.ok(open() instanceof vscode.TabInputText);
  });

  it('has a name in the list of editors, and is in the palette without a condition', () => {
    const extension = vscode.extensions.getExtension('backflow.backflow');
    assert.ok(extension);
    const { customEditors, menus } = (extension.packageJSON as Manifest).contributes;
    assert.equal(customEditors.find(({ viewType }) => viewType === 'backflow.sweep')?.displayName, 'Backflow: Sweep');
    assert.deepEqual(
      (menus['commandPalette'] ?? []).filter(({ command }) => command === 'backflow.openSweep'),
      [],
    );
  });
});

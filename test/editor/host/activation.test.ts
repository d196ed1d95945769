import assert from 'node:assert/strict';
import childProcess from 'node:child_process';
import fs, { realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
import { mock, type MockFunctionContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import * as vscode from 'vscode';

interface Manifest {
  readonly contributes: { readonly commands: readonly { readonly command: string }[] };
}

function backflow(): vscode.Extension<unknown> {
  const extension = vscode.extensions.getExtension('backflow.backflow');
  assert.ok(extension, 'the editor does not know the extension');
  return extension;
}

describe('activation', () => {
  it('loads the extension’s own bundle and nothing else, reads no table of sentences, starts no engine and opens no page', async () => {
    const extension = backflow();
    assert.equal(extension.isActive, false, 'it is active before anybody asked for it');
    const before = new Set(Object.keys(require.cache));
    const starts = mock.method(childProcess, 'fork').mock;
    const reads = mock.method(fs, 'readFileSync').mock;
    try {
      await extension.activate();
      const project = realpathSync(extension.extensionPath);
      // Other extensions of a window that has just opened load theirs at the same time.
      const loaded = Object.keys(require.cache).filter((path) => !before.has(path) && isOf(project, path));
      assert.deepEqual(loaded, [join(project, 'dist/extension.js')]);
      assert.deepEqual(
        reads.calls
          .map(({ arguments: [path] }) => String(path))
          .filter((path) => path.startsWith(join(project, 'l10n', sep))),
        [],
      );
      assert.deepEqual(startedOf(project, starts), []);
      assert.deepEqual(pages(), []);

      // What does need them has them.
      await vscode.commands.executeCommand('backflow.playground');
      while (startedOf(project, starts).length === 0) await wait(50);
      assert.deepEqual(startedOf(project, starts), [join(project, 'dist/engine.js')]);
      assert.equal(pages().length, 1);
    } finally {
      starts.restore();
      reads.restore();
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    }
  });

  it('registers every command of the manifest', async () => {
    const registered = new Set(await vscode.commands.getCommands(true));
    const { commands } = (backflow().packageJSON as Manifest).contributes;
    assert.ok(commands.length > 0);
    assert.deepEqual(
      commands.map(({ command }) => command).filter((command) => !registered.has(command)),
      [],
    );
  });

  it('runs where the workspace is', () => {
    assert.equal(backflow().extensionKind, vscode.ExtensionKind.Workspace);
  });
});

/** Programs of the project that were started. */
function startedOf(project: string, starts: MockFunctionContext<typeof childProcess.fork>): string[] {
  return starts.calls.map(({ arguments: [program] }) => String(program)).filter((program) => isOf(project, program));
}

/** The editor under test, whose own extensions load and start what they need, is kept in the project's folder too. */
function isOf(project: string, path: string): boolean {
  return path.startsWith(join(project, sep)) && !path.startsWith(join(project, '.vscode-test', sep));
}

function pages(): vscode.Tab[] {
  return vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .filter(({ input }) => input instanceof vscode.TabInputWebview);
}

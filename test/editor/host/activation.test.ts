import assert from 'node:assert/strict';
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
  it('takes less than 100 ms, loading included', async () => {
    const extension = backflow();
    assert.equal(extension.isActive, false, 'it is active before anybody asked for it');
    const began = performance.now();
    await extension.activate();
    const took = performance.now() - began;
    process.stdout.write(`activation: ${took.toFixed(1)} ms\n`);
    assert.ok(took < 100, `activation took ${took.toFixed(1)} ms`);
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

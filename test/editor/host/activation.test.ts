import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import * as vscode from 'vscode';
import { report } from './report';

interface Manifest {
  readonly contributes: { readonly commands: readonly { readonly command: string }[] };
}

function backflow(): vscode.Extension<unknown> {
  const extension = vscode.extensions.getExtension('backflow.backflow');
  assert.ok(extension, 'the editor does not know the extension');
  return extension;
}

/** A window that has just opened loads its own extensions; waits until the host has nothing to do, 20 s at most. */
async function settled(): Promise<void> {
  const until = performance.now() + 20_000;
  for (let calm = 0; calm < 25 && performance.now() < until; ) {
    const began = performance.now();
    await wait(20);
    calm = performance.now() - began < 30 ? calm + 1 : 0;
  }
}

describe('activation', () => {
  it('takes less than 50 ms of the host, loading included', async () => {
    const extension = backflow();
    assert.equal(extension.isActive, false, 'it is active before anybody asked for it');
    await settled();
    const began = performance.now();
    const cpu = process.cpuUsage();
    await extension.activate();
    const took = performance.now() - began;
    const { user, system } = process.cpuUsage(cpu);
    // Of all the host's threads; what others do with the machine at the same time does not count.
    const used = (user + system) / 1000;
    report(`activation: ${took.toFixed(1)} ms, of it ${used.toFixed(1)} ms of processor time`);
    assert.ok(Math.min(took, used) < 50, `activation took ${took.toFixed(1)} ms, ${used.toFixed(1)} ms of processor time`);
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

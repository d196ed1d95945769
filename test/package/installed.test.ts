/** The package, installed as a person installs it, in the newest editor and in the lowest that it says it supports. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installedCodeServer } from '../editor/harness/codeServer';
import { EditorWindow } from '../editor/harness/editorWindow';
import { closeBrowser } from '../editor/harness/sharedBrowser';
import { moreFrames, picture, runsIn } from '../editor/harness/panel';
import { makeWorkspace } from '../editor/harness/workspace';

const tale = readFileSync('media/samples/tale.txt', 'utf8');

after(closeBrowser);

for (const release of ['newest', 'lowest'] as const) {
  describe(`installed in the ${release} editor`, () => {
    it('trains on a file, shows frames, stops, and leaves a run with a checkpoint', async () => {
      const workspace = makeWorkspace({ 'tale.txt': tale });
      const window = await EditorWindow.open({ folder: workspace.folder, server: installedCodeServer(release) });
      try {
        await window.openFile('tale.txt');
        await window.runCommand('Backflow: Train on This File');
        const panel = await window.panelFrame();
        await moreFrames(panel, 2);
        assert.ok((await picture(panel, 'flow')).colors > 2, 'the flow is drawn');
        await window.runCommand('Backflow: Stop');
        const [run] = runsIn(workspace.folder);
        const folder = join(workspace.folder, '.backflow/runs', run);
        const checkpoints = () =>
          readdirSync(join(folder, 'checkpoints')).filter((name) => /^step-\d+\.onnx$/.test(name));
        for (let i = 0; i < 1200 && checkpoints().length === 0; i++) await window.page.waitForTimeout(100);
        // A quick machine has saved some on the way, too.
        assert.notEqual(checkpoints().length, 0);
        // The package's own binary runs, not a fallback.
        const { backend } = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')) as { backend: string };
        assert.equal(backend, 'ort');
        assert.deepEqual(window.errors, []);
        await window.screenshot(`installed-${release}`);
      } catch (error) {
        await window.screenshot(`failed-installed-${release}`);
        throw error;
      } finally {
        await window.close();
        await workspace.remove();
      }
    });
  });
}

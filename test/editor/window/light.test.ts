/** The same house in daylight, in another script, with another cell. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeServer } from '../harness/codeServer';
import { moreFrames, picture } from '../harness/panel';
import { borrowWindow } from '../harness/sharedWindow';

describe('a GRU on a Korean text, in a light theme', () => {
  it('shows its flow in the colors of the theme', async () => {
    const tale = readFileSync(join(codeServer().project, 'media/samples/tale-ko.txt'), 'utf8');
    const { window } = await borrowWindow(
      { 'tale-ko.txt': tale },
      {
        theme: 'light',
        settings: { 'backflow.model.cell': 'gru', 'backflow.model.hiddenSize': 48 },
        width: 1600,
        height: 1300,
      },
    );
    await window.openFile('tale-ko.txt');
    await window.runCommand('Backflow: Train on This File');
    const panel = await window.panelFrame('[data-figure="flow"]');
    await moreFrames(panel, 2);
    const background = await panel.locator('body').evaluate((body) => {
      const styles = globalThis as unknown as { getComputedStyle(element: unknown): { backgroundColor: string } };
      return styles.getComputedStyle(body).backgroundColor;
    });
    const channels = (background.match(/\d+/g) ?? []).slice(0, 3).map(Number);
    assert.ok(
      channels.length === 3 && channels.every((channel) => channel > 200),
      `the panel's background is ${background}`,
    );
    assert.ok((await picture(panel, 'flow')).colors > 4, 'the heatmap is blank');
    assert.match(await panel.locator('header h1').innerText(), /tale-ko\.txt · GRU/);
    await window.picture('window-light-korean');
  });
});

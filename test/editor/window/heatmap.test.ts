/** The text as the heatmap: its tints follow the cursor, stand on the right characters, go with an edit, and can be read in every theme. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeServer } from '../harness/codeServer';
import type { EditorWindow } from '../harness/editorWindow';
import { withStoppedEngine } from '../harness/engine';
import { moreFrames } from '../harness/panel';
import { borrowWindow } from '../harness/sharedWindow';
import type { Workspace } from '../harness/workspace';

/** What a person has on other systems: two-unit characters, tabs, Windows' line ends. */
const mixed = 'tab\there 🙂🌌 ends\r\n하늘을 🙂 우러러\r\n\tplain line again\r\n'.repeat(40);

describe('the text as the heatmap', () => {
  let workspace: Workspace;
  let window: EditorWindow;
  const texts = { text: '.editor-group-container:has(.tab.active[data-resource-name$=".txt"])' };

  before(async () => {
    const tale = readFileSync(join(codeServer().project, 'media/samples/tale.txt'), 'utf8');
    const settings = {
      'backflow.model.cell': 'rnn',
      'backflow.model.hiddenSize': 128,
      'backflow.training.window': 16,
      'editor.occurrencesHighlight': 'off',
    };
    ({ window, workspace } = await borrowWindow({ 'tale.txt': tale, 'mixed.txt': mixed }, { settings }));
    await window.openFile('tale.txt');
    await window.runCommand('Backflow: Train on This File');
    await moreFrames(await window.panelFrame(), 2);
    await window.runCommand('Backflow: Pause');
    await window.showTab('tale.txt');
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      await window.screenshot(`failed-${this.currentTest.title.replace(/\W+/g, '-')}`);
  });

  const tints = () => window.page.locator(`${texts.text} .view-overlays [class*="TextEditorDecorationType"]`);
  /** The decorations as one text, to tell two states apart. */
  const tinted = () =>
    tints().evaluateAll((elements) =>
      elements.map((element) => (element as unknown as { outerHTML: string }).outerHTML).join('\n'),
    );
  const settled = async (what: string, isSo: (now: string) => boolean) => {
    for (let attempt = 0; attempt < 2400; attempt++) {
      const now = await tinted();
      if (isSo(now)) return now;
      await window.page.waitForTimeout(50);
    }
    throw new Error(`Waited in vain for ${what}.`);
  };

  it('follows the cursor: another token at it, other tints', async () => {
    await window.goTo(5, 4);
    let shown = await settled('tints', (now) => now !== '');
    for (let i = 0; i < 5; i++) {
      const before = shown;
      await window.page.keyboard.press('ArrowRight');
      shown = await settled('other tints', (now) => now !== '' && now !== before);
    }
  });

  it('says at the end of a line where the gradient has vanished, and marks it in the overview ruler', async () => {
    await window.goTo(5, 60);
    await settled('tints', (now) => now !== '');
    const notes = await window.page.evaluate(
      `[...document.querySelectorAll('${texts.text} .view-lines [class*=TextEditorDecorationType]')].map((each) => getComputedStyle(each, '::after').content).join(' ')`,
    );
    assert.match(String(notes), /vanishing before here/);
  });

  for (const theme of [
    'Default Dark Modern',
    'Default Light Modern',
    'Default High Contrast',
    'Default High Contrast Light',
  ]) {
    it(`has tints of its own in ${theme}`, async () => {
      const dark = theme !== 'Default Dark Modern' ? await colors() : null;
      await window.changeSettings({ 'workbench.colorTheme': theme });
      // The theme that is there from the start is the first; of any other, what it changes is waited for.
      let shown = await colors();
      const hasOwn = () => shown.length >= 2 && (!dark || shown.join() !== dark.join());
      for (let i = 0; i < 1200 && !hasOwn(); i++) {
        await window.page.waitForTimeout(100);
        shown = await colors();
      }
      assert.ok(hasOwn(), `backgrounds ${shown.join(', ')}`);
      await window.screenshot(`heatmap-${theme.replace(/\W+/g, '-').toLowerCase()}`);
    });
  }

  /** Different backgrounds of tints. */
  async function colors(): Promise<string[]> {
    const all = await window.page.evaluate<string[]>(
      `[...document.querySelectorAll('${texts.text} .view-overlays [class*=TextEditorDecorationType]')].map((each) => getComputedStyle(each).backgroundColor)`,
    );
    return [...new Set(all)].filter((color) => color !== 'rgba(0, 0, 0, 0)').sort();
  }

  it('goes with an edit before the engine has answered, and comes back for the new text', async () => {
    await window.goTo(3, 8);
    const before = await settled('tints', (now) => now !== '');
    await withStoppedEngine(workspace.folder, async () => {
      await window.page.keyboard.type('x');
      await settled('no tints of the old text', (now) => now === '');
    });
    await settled('tints of the new text', (now) => now !== '' && now !== before);
    await window.page.keyboard.press('Control+z');
  });

  it('can be tinted by the loss instead', async () => {
    await window.goTo(3, 8);
    const before = await settled('tints', (now) => now !== '');
    await window.runCommand('Backflow: Tint Tokens By');
    await window.pick('Loss');
    await settled('other tints', (now) => now !== '' && now !== before);
    await window.picture('heatmap-loss');
    await window.runCommand('Backflow: Tint Tokens By');
    await window.pick('Gradient');
    await settled('the gradient’s tints', (now) => now !== '');
  });

  it('stays on a pinned target while the cursor moves, and follows again when told', async () => {
    await window.goTo(4, 20);
    await settled('tints', (now) => now !== '');
    await window.runCommand('Backflow: Pin the Target at the Cursor');
    await window.page.waitForTimeout(500);
    // What was on its way for the place before has been drawn.
    const before = await settled('tints of the pinned target', (now) => now !== '');
    for (let i = 0; i < 5; i++) await window.page.keyboard.press('ArrowRight');
    await window.page.waitForTimeout(500);
    assert.equal(await tinted(), before);
    await window.runCommand('Backflow: Let the Target Follow the Cursor');
    await settled('tints of the token at the cursor', (now) => now !== '' && now !== before);
  });

  it('stands on the right characters: behind tabs, two-unit characters and Windows’ line ends', async () => {
    await window.openFile('mixed.txt');
    await window.runCommand('Backflow: Train on This File');
    await moreFrames(await window.panelFrame(), 2);
    await window.runCommand('Backflow: Pause');
    await window.showTab('mixed.txt');
    // Columns count UTF-16 units: behind the tab, between the emoji, behind them, in Korean behind an emoji, and a tab at the start.
    for (const [line, column] of [
      [1, 6],
      [1, 12],
      [1, 15],
      [2, 8],
      [3, 2],
      [4, 3],
    ] as const) {
      const cursor = await window.goTo(line, column, false);
      const look = () =>
        window.page.evaluate<
          { x: number; y: number }[]
        >(`[...document.querySelectorAll('${texts.text} .view-overlays [class*=TextEditorDecorationType]')]
        .filter((each) => getComputedStyle(each).borderBottomWidth === '2px' && getComputedStyle(each).borderBottomStyle === 'solid')
        .map((each) => each.getBoundingClientRect()).map(({ x, y, height }) => ({ x, y: y + height / 2 }))`);
      const isThere = (marks: readonly { x: number; y: number }[]) =>
        marks.length === 1 && Math.abs(marks[0].x - cursor.x) <= 2 && Math.abs(marks[0].y - cursor.y) <= 6;
      let underlined = await look();
      for (let i = 0; i < 2400 && !isThere(underlined); i++) {
        await window.page.waitForTimeout(100);
        underlined = await look();
      }
      assert.equal(underlined.length, 1, `line ${line}, column ${column}: one target, not ${underlined.length}`);
      assert.ok(
        Math.abs(underlined[0].x - cursor.x) <= 2,
        `line ${line}, column ${column}: the target is at ${underlined[0].x}, the cursor at ${cursor.x}`,
      );
      assert.ok(Math.abs(underlined[0].y - cursor.y) <= 6, `line ${line}, column ${column}: another line`);
    }
  });

  it('stays when the panel is closed, and the panel opens again on the run that went on', async () => {
    await window.goTo(2, 5, false);
    await settled('tints', (now) => now !== '');
    await window.runCommand('Backflow: Resume');
    await window.page.locator('.tabs-container .tab', { hasText: 'Backflow:' }).click();
    await window.runCommand('View: Close Editor');
    await window.page.waitForTimeout(1500);
    await settled('tints without a panel', (now) => now !== '');
    await window.runCommand('Backflow: Open Panel');
    const panel = await window.panelFrame();
    await panel.locator('header .state[data-state="running"]').waitFor();
    await moreFrames(panel, 2);
    await window.runCommand('Backflow: Stop');
  });

  it('made no page throw', () => {
    assert.deepEqual(window.errors, []);
  });
});

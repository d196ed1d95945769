/** The text looked at with models of other tokens than characters: tints, targets and hovers on whole words, and on the bytes of a character. */
import assert from 'node:assert/strict';
import type { EditorWindow } from '../harness/editorWindow';
import { withStoppedEngine } from '../harness/engine';
import { moreFrames } from '../harness/panel';
import { borrowWindow } from '../harness/sharedWindow';
import type { Workspace } from '../harness/workspace';

/** Two-unit characters, an apostrophe within a word, tabs, Windows' line ends. */
const mixed = 'The stones can’t speak 🙂🌌 of 하늘을 today.\r\n\tplain walls again 🙂 한\r\n'.repeat(40);
/** Places of tokens, from 1: line, a column inside, and those where it begins and ends, as one goes to them: a tab takes four, what is wide two. */
const words = [
  [1, 7, 5, 11],
  [1, 14, 12, 17],
  [1, 26, 26, 28],
  [1, 34, 32, 38],
  [2, 7, 5, 10],
  [2, 1, 1, 5],
] as const;
const characters = [
  [1, 15, 15, 16],
  [1, 26, 26, 28],
  [1, 34, 34, 36],
  [2, 1, 1, 5],
  [2, 26, 26, 28],
] as const;

describe('the text by the tokens of the model', () => {
  let workspace: Workspace;
  let window: EditorWindow;
  const group = '.editor-group-container:has(.tab.active[data-resource-name$=".txt"])';

  before(async () => {
    const settings = {
      'backflow.model.cell': 'gru',
      'backflow.model.hiddenSize': 32,
      'backflow.training.window': 16,
      'backflow.corpus.tokens': 'word',
      'backflow.corpus.vocabularySize': 40,
      'editor.occurrencesHighlight': 'off',
    };
    ({ window, workspace } = await borrowWindow({ 'words.txt': mixed, 'bytes.txt': mixed }, { settings }));
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      await window.screenshot(`failed-${this.currentTest.title.replace(/\W+/g, '-')}`);
  });

  async function trainOn(file: string): Promise<void> {
    await window.openFile(file);
    await window.runCommand('Backflow: Train on This File');
    await moreFrames(await window.panelFrame(), 3);
    await window.runCommand('Backflow: Pause');
    await window.showTab(file);
  }

  /** Waits until the mark of the target, one box, is as wanted. */
  async function target(
    what: string,
    isSo: (box: { left: number; right: number; y: number }) => boolean,
  ): Promise<void> {
    let seen = '';
    for (let attempt = 0; attempt < 2400; attempt++) {
      const boxes = await window.page.evaluate<
        { left: number; right: number; y: number }[]
      >(`[...document.querySelectorAll('${group} .view-overlays [class*=TextEditorDecorationType]')]
        .filter((each) => getComputedStyle(each).borderBottomWidth === '2px' && getComputedStyle(each).borderBottomStyle === 'solid')
        .map((each) => each.getBoundingClientRect()).map(({ left, right, y, height }) => ({ left, right, y: y + height / 2 }))`);
      if (boxes.length === 1 && isSo(boxes[0])) return;
      seen = JSON.stringify(boxes);
      await window.page.waitForTimeout(50);
    }
    throw new Error(`${what}: the target is marked at ${seen}`);
  }

  /** Where the cursor comes to stand, CSS pixels. */
  async function cursorAt(line: number, column: number): Promise<{ x: number; y: number }> {
    await window.goTo(line, column, false);
    // On the same line the status bar does not tell that it has moved.
    await window.page.waitForTimeout(250);
    const box = await window.page
      .locator('.editor-group-container.active .cursors-layer .cursor')
      .first()
      .boundingBox();
    assert.ok(box);
    return { x: box.x, y: box.y + box.height / 2 };
  }

  async function targetsAre(places: typeof words | typeof characters): Promise<void> {
    for (const [line, inside, from, to] of places) {
      const { x: right, y } = await cursorAt(line, to);
      const { x: left } = await cursorAt(line, from);
      await window.goTo(line, inside, false);
      await target(
        `line ${line}, column ${inside}, from ${left} to ${right}`,
        (box) => Math.abs(box.left - left) <= 2 && Math.abs(box.right - right) <= 2 && Math.abs(box.y - y) <= 6,
      );
    }
  }

  const tints = () =>
    window.page.evaluate<number>(
      `document.querySelectorAll('${group} .view-overlays [class*=TextEditorDecorationType]').length`,
    );

  it('marks the whole word at the cursor, behind tabs, two-unit characters and Windows’ line ends', async () => {
    await trainOn('words.txt');
    await targetsAre(words);
    assert.ok((await tints()) > 1, 'nothing is tinted but the target');
    await window.picture('heatmap-words');
  });

  it('says in the hover what the model makes of the whole word', async () => {
    const hover = await window.hoverAt(1, 14, false);
    assert.match(hover, /^can’t\s·\sloss [\d.]+ nats/);
    assert.match(hover, /The␣\s*stones/, 'the words that made it expect this');
    await window.picture('hover-word');
    await window.rest();
  });

  it('goes with an edit inside a word before the engine has answered, and comes back with the word that the model does not know', async () => {
    await window.goTo(1, 7, false);
    await target('before the edit', () => true);
    await withStoppedEngine(workspace.folder, async () => {
      await window.page.keyboard.type('x');
      for (let attempt = 0; attempt < 2400 && (await tints()) > 0; attempt++) await window.page.waitForTimeout(50);
      assert.equal(await tints(), 0, 'tints of the old text stayed');
    });
    await target('after the edit', () => true);
    assert.match(await window.hoverAt(1, 7, false), /^stxones\s·\sread as <unk>\s·\sloss/);
    await window.rest();
    await window.goTo(1, 7, false);
    await window.page.keyboard.press('Control+z');
  });

  it('marks the character whose first byte is the target, and lists its bytes in the hover', async () => {
    await window.changeSettings({ 'backflow.corpus.tokens': 'byte', 'backflow.corpus.vocabularySize': 0 });
    await trainOn('bytes.txt');
    await targetsAre(characters);
    const hover = await window.hoverAt(1, 34, false);
    assert.match(hover, /^늘\s·\s3 tokens\s·\sloss [\d.]+ nats/);
    const bytes = [...Buffer.from('늘')].map((byte) => `\\x${byte.toString(16).toUpperCase()}`);
    for (const byte of bytes)
      assert.ok(hover.includes(`${byte} · loss`) || hover.includes(`${byte}\u00a0· loss`), `${byte} in ${hover}`);
    await window.picture('hover-bytes');
    await window.rest();
  });

  it('refuses to put words and bytes into the same columns', async () => {
    await window.runCommand('Backflow: Compare Runs…');
    for (const name of ['words', 'bytes'])
      await window.page.locator('.quick-input-list .monaco-list-row', { hasText: name }).first().click();
    await window.page.keyboard.press('Enter');
    await window.notifications.listed(
      /“words.*” reads text as words and “bytes.*” as bytes|“bytes.*” reads text as bytes and “words.*” as words/,
      { kind: 'warning' },
    );
  });

  it('made no page throw', () => {
    assert.deepEqual(window.errors, []);
  });
});

/** The editor in Korean: the manifest, the commands, what the extension and the engine say, and the page. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeServer } from '../harness/codeServer';
import { EditorWindow } from '../harness/editorWindow';
import { moreFrames } from '../harness/panel';
import { makeWorkspace, type Workspace } from '../harness/workspace';

describe('the editor in Korean', () => {
  let workspace: Workspace;
  let window: EditorWindow;

  before(async () => {
    const tale = readFileSync(join(codeServer().project, 'media/samples/tale-ko.txt'), 'utf8');
    workspace = makeWorkspace(
      { 'tale-ko.txt': tale, 'short.txt': 'ab' },
      { settings: { 'backflow.model.hiddenSize': 48, 'backflow.training.ask': true } },
    );
    window = await EditorWindow.open({ folder: workspace.folder, language: 'ko' });
  });

  after(async () => {
    await window.close();
    await workspace.remove();
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await window.screenshot(`failed-korean-${Date.now()}`);
  });

  it('asks, trains and shows in Korean', async () => {
    await window.openFile('tale-ko.txt');
    await window.runCommand('Backflow: 이 파일로 학습');
    await window.page.locator('.quick-input-title', { hasText: 'tale-ko.txt(으)로 학습' }).waitFor();
    await window.picture('korean-choices');
    await window.pick('학습 시작');
    const panel = await window.panelFrame();
    await moreFrames(panel, 2);
    assert.match(await panel.locator('body').innerText(), /기울기가 앞까지 닿습니까\?/);
    await window.page.locator('.statusbar-item', { hasText: /단계 · .* nat/ }).waitFor();
  });

  it('hovers in Korean', async () => {
    const hover = await window.hoverAt(3, 6, false);
    assert.match(hover, /손실 \d/);
    assert.match(hover, /적분 기울기/);
    assert.doesNotMatch(hover, /\b(loss|gradient|predicted|gates?)\b/);
    await window.picture('korean-hover');
    await window.rest();
  });

  it('has its walkthrough in Korean, and the story of it', async () => {
    await window.runCommand('Welcome: Open Walkthrough');
    await window.pick('시간을 거슬러 흐르는 기울기 보기');
    const steps = window.page.locator('.getting-started-step');
    await steps.first().waitFor();
    const said = (await steps.allInnerTexts()).join('\n');
    assert.match(said, /층의 종류 비교하기/);
    assert.doesNotMatch(said.replaceAll(/Backflow|Enter/g, ''), /[a-z]{3}/);
    await window.picture('korean-walkthrough');
    await steps.first().locator('.monaco-button', { hasText: '이야기 열기' }).click();
    await window.page.locator('.editor-group-container.active .view-line', { hasText: '거꾸로 가는 막차' }).waitFor();
  });

  it('says in Korean why a text cannot be trained on', async () => {
    await window.openFile('short.txt');
    await window.runCommand('Backflow: 이 파일로 학습');
    await window.pick('학습 시작');
    await window.notifications.listed(/텍스트가 너무 짧습니다/);
  });
});

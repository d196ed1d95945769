/** A model of another tool: its file opens as a page of its own, is inspected on a text, and trained further. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Vocabulary } from '../../../src/core/corpus/vocabulary';
import { initialize } from '../../../src/core/model/initialize';
import { plainStack, uniformModel } from '../../../src/core/model/config';
import { Random } from '../../../src/core/model/random';
import { decodeSafetensors, encodeSafetensors } from '../../../src/formats/safetensors';
import { writeTorchWeights } from '../../../src/modelFiles/writeTorchWeights';
import { encodeCheckpoint } from '../../../src/modelFiles/checkpointFile';
import { decodeModel, encodeModel, type ModelProto } from '../../../src/formats/onnx/messages';
import { defaultTrainingSettings } from '../../../src/protocol/settings';
import { defaultCodeServer } from '../harness/codeServer';
import type { EditorWindow } from '../harness/editorWindow';
import { firstFrame, moreFrames } from '../harness/panel';
import { borrowWindow } from '../harness/sharedWindow';
import type { Workspace } from '../harness/workspace';

/** A model for the characters of this text that says nothing of itself but its graph. */
function foreignModel(text: string, change: (model: ModelProto) => ModelProto = (model) => model): Uint8Array {
  const vocabulary = new Vocabulary(Array.from(new Set(text)).sort());
  const config = uniformModel({
    ...plainStack,
    cell: 'lstm',
    activation: 'tanh',
    layers: 2,
    hiddenSize: 24,
    vocabularySize: vocabulary.size,
    embeddingSize: 12,
  });
  const parameters = initialize(config, Random.fromSeed(5), defaultTrainingSettings);
  const model = decodeModel(encodeCheckpoint({ config, parameters, vocabulary, step: 0 })) as ModelProto;
  return encodeModel(change({ ...model, producerName: 'elsewhere', producerVersion: '1.0', metadataProps: [] }));
}

/** The recurrent layers as they are, and behind them an operator that is none of a language model's. */
function withStrangeNode(model: ModelProto): ModelProto {
  const node = model.graph.node.flatMap((each) => {
    if (each.opType !== 'MatMul') return [each];
    return [
      { opType: 'Sinh', name: 'odd', input: [each.input[0]], output: ['strange'] },
      { ...each, input: ['strange', each.input[1]] },
    ];
  });
  return { ...model, graph: { ...model.graph, node } };
}

/** Weights of a vanilla RNN under PyTorch's names, and nothing beside them. */
function bareWeights(text: string): Uint8Array {
  const vocabularySize = new Set(text).size;
  const config = uniformModel({
    ...plainStack,
    cell: 'rnn',
    activation: 'relu',
    layers: 1,
    hiddenSize: 20,
    vocabularySize,
    embeddingSize: null,
  });
  const parameters = initialize(config, Random.fromSeed(6), defaultTrainingSettings);
  // Without the metadata, which would name the activation.
  return encodeSafetensors(decodeSafetensors(writeTorchWeights({ config, parameters }, 0, {})).tensors, {});
}

describe('a model of another tool', () => {
  let workspace: Workspace;
  let window: EditorWindow;

  before(async () => {
    const tale = readFileSync(join(defaultCodeServer().project, 'media/samples/tale.txt'), 'utf8').slice(0, 3000);
    ({ window, workspace } = await borrowWindow(
      {
        'tale.txt': tale,
        // Fewer symbols than the models have.
        'short.txt': 'the sea and the tide and the stone '.repeat(20),
        'symbols.json': JSON.stringify(Array.from(new Set(tale)).sort()),
        'model.onnx': foreignModel(tale),
        'strange.onnx': foreignModel(tale, withStrangeNode),
        'unsaid.onnx': foreignModel(tale),
        'weights.safetensors': bareWeights(tale),
      },
      { server: defaultCodeServer(), isTrusted: true, width: 1600, height: 1000 },
    ));
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed')
      await window.screenshot(`failed-${this.currentTest.title.replace(/\W+/g, '-')}`);
  });

  it('opens from the explorer: its structure, and what its recurrent matrices do to lengths', async () => {
    await window.openFile('tale.txt');
    await window.openPage('model.onnx');
    const page = await window.panelFrame('body.model table');
    await page.locator('td', { hasText: '…' }).first().waitFor({ state: 'detached' });
    assert.match(
      await page.locator('.facts').innerText(),
      /vocabulary of \d+ · [\d,]+ parameters · its vocabulary is not in the file · written by elsewhere 1\.0/,
    );
    assert.deepEqual(await page.locator('.structure li > span:first-child').allInnerTexts(), [
      'embedding',
      'LSTM',
      'LSTM',
      'output',
    ]);
    const numbers = (await page.locator('tbody tr:nth-child(2) td').allInnerTexts()).slice(1).map(Number);
    assert.equal(numbers.length, 3);
    const [norm, radius, largest] = numbers;
    assert.ok(radius > 0 && radius <= largest && largest <= norm, numbers.join(' '));
    await window.picture('window-model');
  });

  it('says which node makes it no stack of layers, and still shows those it could read', async () => {
    await window.openPage('strange.onnx');
    const page = await window.panelFrame('body.model .tensors');
    assert.match(await page.locator('p.dim').first().innerText(), /^Graph mode: .*“odd” \(Sinh\)/);
    assert.equal(await page.locator('tr.layer').count(), 2);
    await window.picture('window-model-graph');
  });

  it('is inspected on the text in view, and says that it was read rightly', async () => {
    await window.showTab('tale.txt');
    await window.chooseInExplorer('model.onnx', 'Open Model');
    const panel = await window.panelFrame('[data-figure="flow"]');
    await firstFrame(panel);
    assert.match(await panel.locator('header h1').innerText(), /^model\.onnx · LSTM 2 × 24$/);
    assert.match(
      await panel.locator('header .message').innerText(),
      /Read correctly: on \d+ tokens the recognized model and the file’s own graph differ by/,
    );
    await window.picture('window-model-inspected');
  });

  it('of which only the weights are there is asked about once', async () => {
    await window.showTab('tale.txt');
    await window.chooseInExplorer('weights.safetensors', 'Open Model');
    await window.page
      .locator('.quick-input-title', { hasText: 'The activation of the vanilla RNN in weights.safetensors' })
      .waitFor();
    await window.picture('question-activation');
    await window.pick('relu');
    const panel = await window.panelFrame('[data-figure="flow"]');
    await panel.locator('header h1', { hasText: /^weights\.safetensors · RNN \(relu\) 1 × 20$/ }).waitFor();
    await firstFrame(panel);
  });

  it('without a vocabulary that could be guessed is asked for one, and read with the file that is chosen', async () => {
    await window.openFile('short.txt');
    // It has the focus, which would close the menu that is opened next.
    await window.goTo(1, 5);
    await window.chooseInExplorer('unsaid.onnx', 'Open Model');
    const question =
      /unsaid\.onnx has no vocabulary of its own\. The model knows 52 symbols, and the different characters of the text are 10\./;
    await window.notifications.shown(question).waitFor();
    await window.picture('question-vocabulary');
    await window.notifications.answer(question, 'Choose Vocabulary File');
    await window.giveFile(join(workspace.folder, 'symbols.json'));
    const panel = await window.panelFrame('[data-figure="flow"]');
    await panel.locator('header h1', { hasText: /^unsaid\.onnx · LSTM 2 × 24$/ }).waitFor();
    await firstFrame(panel);
  });

  it('is opened when it is dropped on the panel, and no longer asked about', async () => {
    // Whose symbols are as many as the weights'.
    await window.showTab('tale.txt');
    const panel = await window.panelFrame('[data-figure="flow"]');
    const target = window.page.locator('.editor-group-container').nth(1);
    const title = panel.locator('header h1', { hasText: /^weights\.safetensors · RNN \(relu\) 1 × 20$/ });
    await window.dragFromExplorer('weights.safetensors', target, title);
    await firstFrame(panel);
  });

  it('is trained further on it', async () => {
    await window.showTab('tale.txt');
    await window.runCommand('Backflow: Train a Model Further on This Text');
    const panel = await window.panelFrame('[data-figure="flow"]');
    await panel.locator('header .state[data-state="running"]').waitFor();
    await moreFrames(panel, 2);
    await window.runCommand('Backflow: Stop');
  });
});

/** Attention on the page: one head's weights, target by source, and the gradients by keys and values of all heads. */
import assert from 'node:assert/strict';
import type { ExportFormat } from '../../src/pageContract/messages';
import koreanTable from '../../l10n/bundle.l10n.ko.json';
import { pageStringsOf } from '../../src/messages';
import { violationsOn } from './axe';
import { type OpenOptions } from './browser';
import { onePage } from './onePage';
import { takePicture } from './screenshots';
import { syntheticRun, type FrameOptions } from './synthetic';
import type { ThemeName } from './themes';

const model: FrameOptions = {
  tokens: 40,
  cell: 'attention',
  quantity: 'mlpActivations',
  slopes: [-0.1, -0.1],
  stateless: true,
  inputs: [0, -0.05, -9],
  levelAt: { boundary: 0, log10: -1 },
};

describe('attention on the page', () => {
  const on = onePage();
  const { open, posted, text, settled, canvas, columnsOf } = on;
  const frame = (options: FrameOptions): Promise<unknown> =>
    on.page.evaluate(`probe.frame(${JSON.stringify({ ...model, ...options })})`);
  const begin = async (withHeads: NonNullable<FrameOptions['withHeads']>, options: OpenOptions = {}): Promise<void> => {
    await open(options);
    await on.page.evaluate('probe.run(400)');
    await frame({});
    await frame({ sequence: 2, withHeads });
  };
  const place = async (target: number, source: number) => {
    const { left, right } = await columnsOf('attention-weights');
    const { height } = (await canvas('attention-weights').boundingBox())!;
    return { x: left + ((right - left) * (source + 0.5)) / 40, y: 6 + ((height - 12) * (target + 0.5)) / 40 };
  };
  const choice = (name: string, value: number) => on.page.locator(`[data-choice="${name}"] [data-value="${value}"]`);

  it('asks for the first head of the first layer, and shows nothing until it has come', async () => {
    await open();
    await on.page.evaluate('probe.run(400)');
    await frame({});
    assert.deepEqual(await posted('head'), [{ type: 'head', choice: { layer: 0, head: 0 } }]);
    assert.ok(await on.page.locator('section.heads').isHidden());
    await frame({ sequence: 2, withHeads: { heads: 2 } });
    assert.ok(await on.page.locator('section.heads').isVisible());
    assert.equal((await posted('head')).length, 1, 'it is asked for once');
  });

  it('is not there for a model without heads, and nothing is asked for', async () => {
    await open();
    await on.page.evaluate('probe.run(400)');
    await on.page.evaluate('probe.frame({ slopes: [-0.1] })');
    assert.deepEqual(await posted('head'), []);
    assert.ok(await on.page.locator('section.heads').isHidden());
  });

  it('asks for another head or layer that is chosen, and remembers it', async () => {
    await begin({ heads: 4 });
    await choice('attentionHead', 2).click();
    await settled();
    await choice('attentionLayer', 1).click();
    await settled();
    assert.deepEqual(
      (await posted('head')).map((message) => message.choice),
      [
        { layer: 0, head: 0 },
        { layer: 0, head: 2 },
        { layer: 1, head: 2 },
      ],
    );
    // Until its frame comes the picture names what it shows.
    assert.match(await text('section.heads .caption.dim >> nth=0'), /head 1 of layer 1/);
    await frame({ sequence: 3, withHeads: { heads: 4, layer: 1, head: 2 } });
    assert.match(await text('section.heads .caption.dim >> nth=0'), /head 3 of layer 2/);
    await on.page.evaluate('probe.run(10)');
    await frame({ sequence: 4 });
    assert.deepEqual((await posted('head')).at(-1)?.choice, { layer: 1, head: 2 });
  });

  it('takes the first head where the layer has no such one', async () => {
    await begin({ heads: 4 });
    await choice('attentionHead', 3).click();
    await settled();
    await frame({ sequence: 3, withHeads: { heads: 2, head: 1 } });
    await settled();
    assert.deepEqual((await posted('head')).at(-1)?.choice, { layer: 0, head: 0 });
  });

  it('says in a sentence what the head reads at the target', async () => {
    await begin({ heads: 2, peak: 3 });
    // 0.5^|lag − 3|, the sum of which is 1 + 2 · (½ + ¼ + ⅛) + … = 2.875 but for 2⁻³⁶.
    assert.equal(
      await text('section.heads .said'),
      'At the target “a”, head 1 of layer 1 reads “·”, 3 tokens back, most: weight 0.35. Half of its weight is on the 4 tokens nearest to the target.',
    );
    await frame({ sequence: 3, withHeads: { heads: 2, even: true } });
    assert.equal(
      await text('section.heads .said'),
      'At the target “a”, head 1 of layer 1 picks out none of the 40 tokens up to it: none has a weight above 0.03. Half of its weight is on the 20 tokens nearest to the target.',
    );
    await frame({ sequence: 4, withHeads: { heads: 2 } });
    assert.match(
      await text('section.heads .said'),
      /reads that token itself most: weight 0\.50\. Half of its weight is on the 1 token nearest/,
    );
  });

  it('tells target, source and weight under the pointer; a click makes the row the target and marks the source', async () => {
    await begin({ heads: 2 });
    await canvas('attention-weights').hover({ position: await place(20, 18) });
    await settled();
    const readout = 'section.heads .caption.number >> nth=0';
    assert.match(await text(readout), /^target “.”, source “.”, 2 tokens back: weight 0\.125$/);
    assert.deepEqual((await posted('mark')).at(-1), { type: 'mark', step: 18 });
    await canvas('attention-weights').hover({ position: await place(20, 30) });
    await settled();
    assert.match(await text(readout), /a later token, which cannot be read$/);
    await canvas('attention-weights').click({ position: await place(20, 18) });
    assert.deepEqual((await posted('target')).at(-1), { type: 'target', target: 20 });
    assert.deepEqual((await posted('mark')).at(-1), { type: 'mark', step: 18 });
  });

  it('is colored from 0 to 1, and not where nothing can be read', async () => {
    await begin({ heads: 2 });
    const colorAt = async (target: number, source: number): Promise<number[]> => {
      const { x, y } = await place(target, source);
      return on.page.evaluate<number[]>(`probe.pixel('attention-weights', ${x}, ${y})`);
    };
    const [red, green, blue] = await colorAt(20, 20);
    assert.ok(green > red && green > blue, 'half of the weight is green');
    const [low] = [await colorAt(20, 5)];
    assert.ok(Math.max(...low.slice(0, 3)) - Math.min(...low.slice(0, 3)) < 40, 'next to nothing is next to gray');
    const later = [await colorAt(5, 20), await colorAt(5, 21), await colorAt(5, 22)];
    assert.ok(
      later.some(([, , , alpha]) => alpha < 255),
      'nothing is colored above the diagonal',
    );
  });

  it('can be walked by keys; Enter chooses', async () => {
    await begin({ heads: 2 });
    await canvas('attention-weights').focus();
    for (const key of ['ArrowUp', 'ArrowUp', 'ArrowLeft']) await on.page.keyboard.press(key);
    await settled();
    assert.match(await text('section.heads .caption.number >> nth=0'), /1 token back: weight 0\.250$/);
    await on.page.keyboard.press('Enter');
    assert.deepEqual((await posted('target')).at(-1), { type: 'target', target: 37 });
    assert.match(
      (await canvas('attention-weights').getAttribute('aria-label'))!,
      /^Picture of the attention weights of head 1 of layer 1, target by source, from 0 to 1\. At the target/,
    );
  });

  it('has of every head the gradients by keys and values, relative to the output’s at the target', async () => {
    await begin({ heads: 2 });
    const { left, right } = await columnsOf('head-gradients');
    // Four rows, 16 px each: the last is the values of head 2; 10 tokens back of the last token.
    await canvas('head-gradients').hover({
      position: { x: left + ((right - left) * 29.5) / 40, y: 6 + 3.5 * 16 },
    });
    await settled();
    // −0.5 − 1 − 0.2 − 1 = −2.7.
    assert.match(
      await text('section.heads .caption.number >> nth=1'),
      /^v, head 2, “.”: 2\.0·10⁻³ of the gradient at the output$/,
    );
    await canvas('head-gradients').focus();
    await on.page.keyboard.press('ArrowUp');
    await settled();
    assert.match(await text('section.heads .caption.number >> nth=1'), /^v, head 1, “.”: 2\.0·10⁻² of/);
  });

  it('is taken away as pictures and tables', async () => {
    await begin({ heads: 2 });
    await on.page.locator('[data-action=export-heads]').click();
    const offer = (await posted('offer')).at(-1)!;
    assert.deepEqual(
      offer.items.map(({ id, kind }) => `${kind} ${id}`),
      ['figure attention-weights', 'figure attention-gradients', 'data attention-weights', 'data attention-gradients'],
    );
    const made = async (id: string, format: ExportFormat): Promise<string> => {
      await on.page.evaluate(`probe.send({ type: 'export', id: '${id}', format: '${format}' })`);
      // The page's policy forbids what would wait for it in the page.
      for (;;) {
        const saved = (await posted('save')).filter((message) => message.format === format).at(-1);
        if (saved) return String(saved.data);
        await settled();
      }
    };
    assert.match(await made('attention-weights', 'svg'), /<title[^>]*>Attention weights, head 1 of layer 1<\/title>/);
    const csv = (await made('attention-weights', 'csv')).split('\r\n');
    assert.equal(csv[0], '\ufefftarget,source,weight');
    assert.equal(csv.length, 1 + (40 * 41) / 2 + 1);
    const rows = JSON.parse(await made('attention-gradients', 'json')) as Record<string, number>[];
    assert.equal(rows.length, 2 * 40);
    const last = rows[rows.length - 1];
    assert.equal(last['head'], 2);
    assert.ok(Math.abs(last['log10 gradient by key'] + 1.5) < 1e-5);
    assert.ok(Math.abs(last['log10 gradient by value'] + 2.5) < 1e-5);
  });

  for (const theme of ['dark', 'light', 'highContrast', 'highContrastLight'] as const satisfies ThemeName[])
    it(`axe finds nothing in the theme ${theme}`, async () => {
      await begin({ heads: 4, peak: 5 }, { theme });
      assert.deepEqual(await violationsOn(on.page), []);
      await takePicture(on.page, `attention-${theme}`);
      await on.page.locator('[popovertarget=heads-explained]').click();
      assert.deepEqual(await violationsOn(on.page, '#heads-explained'), []);
      await takePicture(on.page, `attention-explained-${theme}`, { fullPage: false });
    });

  it('beside it, no gain is drawn, which says why, and what was learned is told by what the layers read', async () => {
    await open();
    const { model: recurrent } = syntheticRun;
    const run = { ...syntheticRun, model: { ...recurrent, cell: 'attention', layers: 2 } };
    await on.page.evaluate(`probe.run(400, {}, ${JSON.stringify(run)})`);
    await frame({});
    assert.match(await text('section.why .sentence'), /no gain from one to the next; its weights are shown instead\.$/);
    assert.ok(await canvas('gain').isHidden());
    assert.ok(await canvas('units').isVisible());
    await on.page.locator('[popovertarget=why-explained]').click();
    assert.match(
      await text('#why-explained'),
      /Attention computes, at each step t \(MLP activations m\):\s+q\w*,.*\s.*m = GELU/s,
    );
    const lane = { layer: 0, direction: 'forward', state: null };
    assert.deepEqual((await posted('overTraining')).at(-1), { type: 'overTraining', lane });
    await on.page.evaluate(
      `probe.overTraining(${JSON.stringify({ lane, slopes: [-0.5, -0.1], steps: [1, 100], lags: 40 })})`,
    );
    await frame({ sequence: 3, trainingStep: 500 });
    // New rows are drawn a few times a second.
    await on.page.locator('.over .said', { hasText: 'step 500' }).waitFor();
    assert.equal(
      await text('.over .said'),
      'The gradient reached 7 tokens at step 1 and reaches the whole text at step 500. Every step is of one target: the end of “… in a village by the sea”, with 39 tokens before it.',
      'what is level has no horizon',
    );
    assert.deepEqual(await on.page.locator('[data-choice="lane"] button').allInnerTexts(), ['input 1', 'input 2']);
  });

  it('speaks Korean', async () => {
    await begin({ heads: 2, peak: 3 }, { strings: pageStringsOf(koreanTable), language: 'ko' });
    assert.match(
      await text('section.heads .said'),
      /^대상 “a”에서 1층 헤드 1의 가장 큰 가중치\(0\.35\)는 토큰 3개 앞의 “·”에 있습니다\./,
    );
    await takePicture(on.page, 'attention-ko');
  });
});

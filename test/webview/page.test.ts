/** The page around the flow: its policy, the header and its controls, the charts, empty states, strings, and speed. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { pageHtml } from '../../src/pageContract/pageHtml';
import english from '../../l10n/bundle.l10n.json';
import { inEnglish, setEnglishSource, type PageStrings } from '../../src/messages';
import type { FromPage } from '../../src/pageContract/messages';
import type { TrainingSettings } from '../../src/protocol/settings';
import { Series } from '../../webview/shared/charts/series';
import { englishPageStrings, type PageBrowser, type OpenOptions } from './browser';
import { sharedBrowser } from './shared';
import { syntheticRun } from './synthetic';

setEnglishSource(() => english);

describe('the page', () => {
  let browser: PageBrowser;
  let page: Page;
  before(async () => {
    browser = await sharedBrowser();
  });
  const open = async (options: OpenOptions = {}): Promise<void> => {
    page = await browser.open(options);
  };
  const posted = (): Promise<FromPage[]> => page.evaluate<FromPage[]>('probe.posted');
  const text = async (selector: string): Promise<string> => {
    await page.evaluate('probe.settled()');
    return page.locator(selector).innerText();
  };
  const actions = (): Promise<string[]> =>
    page.evaluate<string[]>(
      `[...document.querySelectorAll('header [data-action]:not([disabled]):not([hidden])')].map((node) => node.dataset.action)`,
    );

  describe('in the browser', () => {
    afterEach(async () => {
      assert.deepEqual(await page.evaluate('probe.violations'), [], 'the content security policy is kept');
      assert.deepEqual(
        (await posted()).filter((message) => message.type === 'error'),
        [],
      );
      await browser.leave(page);
    });

    it('says it is ready, and how to start when nothing is open', async () => {
      await open();
      assert.deepEqual(await posted(), [{ type: 'ready' }]);
      await page.evaluate('probe.run(0, {}, null)');
      assert.match(await text('.empty'), /Train on This File/);
      assert.equal(await page.locator('header').isVisible(), false);
    });

    it('shows what is trained and how far it is', async () => {
      await open();
      await page.evaluate('probe.run(1240)');
      assert.equal(await text('h1:visible'), 'tale.txt · LSTM 2 × 128');
      const facts = (await text('.facts')).replaceAll(/\s+/g, ' ');
      assert.match(
        facts,
        /^running step 1,240 of 5,000 loss 1\.\d\d nats 2\.\d\d bits 41,200 tokens\/s · ONNX Runtime$/,
      );
      assert.equal(await text('.verdict'), 'Reading the text…');
      await page.evaluate(`probe.progress(1241, 1300)`);
      await page.evaluate(
        `probe.send({ type: 'status', status: { state: 'paused', step: 1299, message: 'The loss of step 1,300 is not finite.' } })`,
      );
      await page.evaluate('probe.settled()');
      assert.match(await text('.facts'), /paused\s+step 1,299/);
      assert.equal(await text('.message'), 'The loss of step 1,300 is not finite.');
    });

    it('shows the whole sentence of a pause that says where an overflow begins, in a narrow panel too', async () => {
      await open();
      await page.setViewportSize({ width: 340, height: 700 });
      await page.evaluate('probe.run(1299)');
      const thing = { key: 'nonFinite.ofUnit', args: [{ key: 'unitMap.hidden', args: [] }, 17] } as const;
      const args = [thing, { key: 'nonFinite.stepOfToken', args: [41, 'e'] }, '3.61·10³⁸', '2.90·10³⁸'] as const;
      const message = inEnglish({
        key: 'error.train.overflowWhere',
        args: [
          { key: 'error.train.lossOverflow', args: [1300] },
          { key: 'nonFinite.inStream', args: [3, { key: 'nonFinite.forward', args }] },
        ],
      });
      assert.match(
        message,
        /Stream 3 of the batch: On the way forward it begins at token 41 \(“e”\): the hidden state, unit 17, is 3\.61·10³⁸ \(one step before: 2\.90·10³⁸\)\.$/,
      );
      const status = JSON.stringify({ state: 'paused', step: 1299, message });
      await page.evaluate(`probe.send({ type: 'status', status: ${status} })`);
      await page.evaluate('probe.settled()');
      assert.equal(await text('.message'), message);
      const isWhole = await page.evaluate(
        `(({ scrollWidth, clientWidth, scrollHeight, clientHeight }) => scrollWidth <= clientWidth && scrollHeight <= clientHeight)(document.querySelector('.message'))`,
      );
      assert.equal(isWhole, true);
    });

    it('offers the controls that make sense, and keeps the keyboard where it was', async () => {
      await open();
      const after = async (state: string): Promise<string[]> => {
        await page.evaluate(`probe.send({ type: 'status', status: { state: '${state}', step: 9, message: null } })`);
        await page.evaluate('probe.settled()');
        return actions();
      };
      await page.evaluate('probe.run(9)');
      assert.deepEqual(await after('running'), ['pause', 'stop']);
      await page.locator('[data-action=pause]').click();
      assert.deepEqual((await posted()).at(-1), { type: 'control', action: 'pause' });
      assert.deepEqual(await after('paused'), ['resume', 'step', 'stop']);
      assert.equal(await page.evaluate('document.activeElement.dataset.action'), 'resume');
      await page.keyboard.press('Enter');
      assert.deepEqual((await posted()).at(-1), { type: 'control', action: 'resume' });
      await page.locator('[data-action=step]').click();
      assert.deepEqual((await posted()).at(-1), { type: 'control', action: 'step' });
      assert.deepEqual(await after('starting'), ['stop']);
      assert.deepEqual(await after('stopped'), ['resume']);
      assert.deepEqual(await after('finished'), ['resume']);
    });

    it('offers no run and no charts for a model that was only opened', async () => {
      await open();
      await page.evaluate('probe.run(0, { state: "stopped" })');
      assert.deepEqual(await actions(), []);
      assert.equal(await page.locator('.charts').isVisible(), false);
      await page.evaluate('probe.frame({ tokens: 30 })');
      assert.equal(await page.locator('canvas[data-figure="flow"]').isVisible(), true);
    });

    it('styles the toolkit’s buttons under the policy', async () => {
      await open();
      await page.evaluate('probe.run(9)');
      const color = await page.evaluate(
        `getComputedStyle(document.querySelector('[data-action=pause]')).backgroundColor`,
      );
      assert.equal(color, 'rgb(0, 120, 212)', 'the primary button has the theme’s color');
    });

    it('says why a probe cannot be shown, in place of the flow, until a frame comes', async () => {
      await open();
      await page.evaluate('probe.run(9)');
      await page.evaluate('probe.frame({ tokens: 30 })');
      await page.evaluate(
        `probe.send({ type: 'probeFailed', message: 'This text has <b>symbols</b> the model does not know.' })`,
      );
      await page.evaluate('probe.settled()');
      assert.equal(await text('.verdict'), 'This text has <b>symbols</b> the model does not know.');
      assert.equal(await page.locator('canvas[data-figure="flow"]').isVisible(), false);
      assert.equal(await page.locator('canvas[data-figure="units"]').isVisible(), false);
      await page.evaluate('probe.frame({ tokens: 30, sequence: 2 })');
      assert.equal(await page.locator('canvas[data-figure="flow"]').isVisible(), true);
    });

    it('ends with the newest of several frames, and counts what it drew', async () => {
      await open();
      await page.evaluate('probe.run(9)');
      await page.evaluate('(probe.frame({ sequence: 5 }), probe.frame({ sequence: 6 }), probe.frame({ sequence: 7 }))');
      const drawn = (await posted()).flatMap((message) => (message.type === 'frameDrawn' ? [message.sequence] : []));
      assert.equal(drawn.at(-1), 7);
      assert.equal(await page.evaluate('document.documentElement.dataset.framesDrawn'), String(drawn.length));
    });

    it('says how much was clipped, and keeps a bounded number of points', async () => {
      await open();
      await page.evaluate('probe.run(1000)');
      assert.match(await text('.charts'), /5 % clipped at 1/);
      for (let from = 1001; from < 40_000; from += 13_000)
        await page.evaluate(`probe.progress(${from}, ${from + 13_000})`);
      const points = Number(await page.locator('.charts').getAttribute('data-points'));
      // Thinning leaves at least half of a full series: 2,000 points each of the loss and the two norms.
      assert.ok(points > 3 * 2000 && points <= 5 * 4000, `${points} points are kept of 40,000 steps`);
      assert.match(await text('.charts'), /5 % clipped/);
    });

    it('says by what a run clips: by norm, by value, or not at all', async () => {
      await open();
      const runThat = (clipping: Partial<TrainingSettings>) =>
        JSON.stringify({ ...syntheticRun, training: { ...syntheticRun.training, ...clipping } });
      for (const [clipping, said] of [
        [{ clipNorm: 1, clipValue: 0.25 }, /5 % clipped at 1/],
        [{ clipNorm: null, clipValue: 0.25 }, /5 % clipped, each entry at 0\.25/],
        [{ clipNorm: null, clipValue: null }, /no clipping/],
      ] as const) {
        await page.evaluate(`probe.run(1000, {}, ${runThat(clipping)})`);
        assert.match(await text('.charts'), said);
      }
    });

    it('explains loss and gradient norm, side by side where there is room and below each other where not', async () => {
      await open();
      await page.evaluate('probe.run(1000)');
      for (const [width, beside] of [
        [900, true],
        [500, false],
      ] as const) {
        await page.setViewportSize({ width, height: 800 });
        const [loss, norm] = await Promise.all(
          ['.charts .loss', '.charts .norm'].map((name) => page.locator(name).boundingBox()),
        );
        assert.equal(loss!.y === norm!.y, beside, `at ${width} px`);
        assert.ok(norm!.x + norm!.width <= width, `nothing is cut off at ${width} px`);
        for (const name of ['loss', 'norm']) {
          const { height } = (await page.locator(`.charts .${name} .sentence`).boundingBox())!;
          assert.ok(height < 30, `the sentence takes one line at ${width} px: ${height}`);
        }
      }
      await page.locator('[popovertarget=norm-explained]').click();
      assert.match(await text('#norm-explained'), /‖g‖ = √\(Σi \(∂L\/∂θi\)²\)/);
      await page.locator('[popovertarget=loss-explained]').click();
      assert.match(await text('#loss-explained'), /L = −\(1\/n\) Σt ln p\(xt\)/);
    });

    it('names the values of a training step under the pointer', async () => {
      await open();
      await page.evaluate('probe.run(1000)');
      await page.locator('canvas[data-figure="loss"]').hover({ position: { x: 200, y: 40 } });
      await page.locator('.charts .note').first().filter({ hasText: 'nats' }).waitFor();
      assert.match(await text('.charts .note >> nth=0'), /^step \d+: \d\.\d\d nats, \d\.\d\d bits$/);
    });

    it('speaks the language it is given, and writes numbers its way', async () => {
      const strings = Object.fromEntries(
        Object.entries(englishPageStrings).map(([key, english]) => [key, `«${english}»`]),
      ) as PageStrings;
      await open({ strings, language: 'de' });
      await page.evaluate('probe.run(1240)');
      await page.evaluate('probe.frame({ tokens: 80, slopes: [-0.1] })');
      assert.match(await text('.facts'), /«step 1\.240 of 5\.000»\s+«loss 1,\d\d nats»/);
      assert.match(
        await text('.verdict'),
        /^«The gradient of this token falls below «a thousandth» after ««31 tokens»»\.» «Before “[^”]*” it is below «a thousandth»\.»/,
      );
    });
  });

  it('thins a long series without losing its peaks', () => {
    const series = new Series();
    for (let x = 0; x < 100_000; x++) series.push(x, x === 4321 ? 50 : x === 77_777 ? -50 : Math.sin(x));
    const { points } = series;
    assert.ok(points.length <= 4000);
    assert.ok(
      points.some(({ x, y }) => x === 4321 && y === 50) && points.some(({ x, y }) => x === 77_777 && y === -50),
    );
    assert.ok(
      points.every(({ x }, i) => i === 0 || x > points[i - 1].x),
      'in order',
    );
  });

  it('cannot be broken out of by a string', () => {
    const strings = {
      ...englishPageStrings,
      'panel.loss.title': '</script><img src=x onerror=alert(1)>',
    } as PageStrings;
    const html = pageHtml({
      scriptUri: 'a"b',
      styleUri: 'c&d',
      cspSource: 'https:',
      nonce: 'n',
      strings,
      language: 'en',
    });
    assert.equal(html.includes('<img'), false);
    assert.ok(html.includes('src="a&quot;b"') && html.includes('href="c&amp;d"'));
    assert.deepEqual(JSON.parse(/id="strings">(.*?)<\/script>/s.exec(html)![1]), strings);
  });
});

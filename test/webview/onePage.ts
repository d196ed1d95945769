/** What a test of the page needs: a page that is opened, what it posts, and what is read of it. */
import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import type { FromPage } from '../../src/pageContract/messages';
import type { OpenOptions, PageBrowser } from './browser';
import { sharedBrowser } from './shared';

export interface OnePage {
  /** The page of the test that runs, once it is opened. */
  readonly page: Page;
  readonly open: (options?: OpenOptions) => Promise<void>;
  /** Before another is opened in the same test. */
  readonly leave: () => Promise<void>;
  /** What the page has sent of one type. */
  readonly posted: <T extends FromPage['type']>(type: T) => Promise<Extract<FromPage, { type: T }>[]>;
  /** What is read of an element once what was done before is drawn. */
  readonly text: (selector: string) => Promise<string>;
  readonly settled: () => Promise<void>;
  readonly canvas: (figure: string) => Locator;
  /** Where a canvas's columns are: from its left margin to its right one. */
  readonly columnsOf: (figure: string) => Promise<{ left: number; right: number }>;
}

/** For a `describe`: each test opens its own page, which then must have kept its security policy and made no error. */
export function onePage(): OnePage {
  let browser: PageBrowser;
  let page: Page;
  before(async () => {
    browser = await sharedBrowser();
  });
  const on: OnePage = {
    get page() {
      return page;
    },
    open: async (options = {}) => {
      page = await browser.open(options);
    },
    leave: () => browser.leave(page),
    posted: (type) => page.evaluate(`probe.posted.filter((message) => message.type === '${type}')`),
    text: async (selector) => {
      await on.settled();
      return page.locator(selector).innerText();
    },
    settled: () => page.evaluate('probe.settled()'),
    canvas: (figure) => page.locator(`canvas[data-figure="${figure}"]`),
    columnsOf: async (figure) => {
      const { width } = (await on.canvas(figure).boundingBox())!;
      return { left: 58, right: width - 44 };
    },
  };
  afterEach(async () => {
    assert.deepEqual(await page.evaluate('probe.violations'), [], 'the content security policy is kept');
    assert.deepEqual(await on.posted('error'), []);
    await on.leave();
  });
  return on;
}

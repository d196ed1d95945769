/** The one browser of all tests of the page. */
import { PageBrowser } from './browser';

let shared: Promise<PageBrowser> | null = null;

/** Started when first asked for, and ended with the last test. */
export function sharedBrowser(): Promise<PageBrowser> {
  shared ??= PageBrowser.start();
  return shared;
}

afterEach(async function () {
  if (this.currentTest?.state === 'failed') await (await shared)?.forget();
});

after(async () => {
  const browser = await shared;
  await browser?.stop();
});

/** Pictures of the page, in .vscode-test/screenshots. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';

/** Bundled tests stand in out/test/webview. */
const folder = join(resolve(__dirname, '../../..'), '.vscode-test/screenshots');

/** Whether they were asked for, by `npm test -- --pictures`. */
export const arePicturesAsked = process.env['BACKFLOW_PICTURES'] === '1';

/** A picture to be looked at, where such are asked for: no test judges it, and it takes as long as most of them. The whole page unless told. */
export async function takePicture(page: Page, name: string, { fullPage = true } = {}): Promise<void> {
  if (arePicturesAsked) await screenshot(page, name, { fullPage });
}

/** A picture of what is wrong. */
export async function screenshot(page: Page, name: string, { fullPage = true } = {}): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `page-${name}.png`), fullPage });
}

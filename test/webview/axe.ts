/** What axe finds on a page. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';

/** Bundled tests stand in out/test/webview. */
const script = readFileSync(join(resolve(__dirname, '../../..'), 'node_modules/axe-core/axe.min.js'), 'utf8');

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary: string }[];
}

/** A sentence for each violation of axe's rules, with all elements concerned; none on a page, or within one of its elements, that everybody can use. */
export async function violationsOn(page: Page, within?: string): Promise<string[]> {
  if (!(await page.evaluate<boolean>(`'axe' in window`))) await page.evaluate(script);
  // Of the rules that are kept axe then lists one element each, not all, which takes half the time.
  const { violations } = await page.evaluate<{ violations: Violation[] }>(
    `axe.run(${within === undefined ? 'document' : JSON.stringify(within)}, { resultTypes: ['violations'] })`,
  );
  return violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ target, failureSummary }) => `${target.join(' ')} ${failureSummary}`).join('; ')}`,
  );
}

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

/** Axe's rules that judge colors, all that a theme changes. */
export const colorRules = ['color-contrast', 'link-in-text-block'];

/**
 * A sentence for each violation of axe's rules, with all elements concerned; none on a page, or within one of its elements, that everybody can use.
 * @param rules all of axe's unless given
 */
export async function violationsOn(page: Page, within?: string, rules?: readonly string[]): Promise<string[]> {
  if (!(await page.evaluate<boolean>(`'axe' in window`))) await page.evaluate(script);
  // Of the rules that are kept axe then lists one element each, not all, which takes half the time.
  const { violations } = await page.evaluate<{ violations: Violation[] }>(
    `axe.run(${within === undefined ? 'document' : JSON.stringify(within)}, ${JSON.stringify({
      resultTypes: ['violations'],
      ...(rules && { runOnly: { type: 'rule', values: rules } }),
    })})`,
  );
  return violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ target, failureSummary }) => `${target.join(' ')} ${failureSummary}`).join('; ')}`,
  );
}

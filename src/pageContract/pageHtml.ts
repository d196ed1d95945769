/** The page's document: what the editor puts in its panel, and the tests in a browser. */
import { escapeHtml, htmlDocument } from './html';
import type { PageStrings } from '../messages';
import type { PageView } from './messages';

export interface PageHtmlOptions {
  /** Addresses of dist/webview/page.js and page.css, as the page may load them. */
  readonly scriptUri: string;
  readonly styleUri: string;
  /** Where styles, pictures and fonts may come from: the panel's `webview.cspSource`. */
  readonly cspSource: string;
  /** New for every document; letters and digits. */
  readonly nonce: string;
  readonly strings: PageStrings;
  /** BCP 47 tag of the strings' language, by which numbers are written too. */
  readonly language: string;
  /** What the page shows; one run by default. */
  readonly view?: PageView;
}

/**
 * The whole document, under a strict policy: only the one script runs, nothing is fetched from elsewhere. Everything shown
 * is made by the script from messages, so nothing of a corpus is ever part of this text. The toolkit reads the nonce of its
 * style elements from the `csp-nonce` property.
 */
export function pageHtml({
  scriptUri,
  styleUri,
  cspSource,
  nonce,
  strings,
  language,
  view = 'run',
}: PageHtmlOptions): string {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${cspSource} 'nonce-${nonce}'`,
    `img-src ${cspSource}`,
    `font-src ${cspSource}`,
  ].join('; ');
  return htmlDocument({
    language,
    policy,
    title: 'Backflow',
    head: `<meta property="csp-nonce" content="${escapeHtml(nonce)}">
<link rel="stylesheet" href="${escapeHtml(styleUri)}">`,
    body: `<main id="page" data-view="${view}"></main>
<script type="application/json" id="strings">${jsonForScript(strings)}</script>
<script nonce="${escapeHtml(nonce)}" src="${escapeHtml(scriptUri)}"></script>`,
  });
}

/** JSON that cannot end the script element it stands in. */
function jsonForScript(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

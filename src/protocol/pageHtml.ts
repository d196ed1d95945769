/** The page's document: what the editor puts in its panel, and the tests in a browser. */
import type { PageStrings } from './pageStrings';
import type { PageView } from './panel';

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
  /** What the page shows; one run unless told. */
  readonly view?: PageView;
}

/**
 * The whole document, under a strict policy: only the one script runs, nothing is fetched from elsewhere. Everything shown
 * is made by the script from messages, so nothing of a corpus is ever part of this text. The toolkit reads the nonce of its
 * style elements from the `csp-nonce` property.
 */
export function pageHtml({ scriptUri, styleUri, cspSource, nonce, strings, language, view = 'run' }: PageHtmlOptions): string {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${cspSource} 'nonce-${nonce}'`,
    `img-src ${cspSource}`,
    `font-src ${cspSource}`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="${escapeAttribute(language)}">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${escapeAttribute(policy)}">
<meta property="csp-nonce" content="${escapeAttribute(nonce)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Backflow</title>
<link rel="stylesheet" href="${escapeAttribute(styleUri)}">
</head>
<body>
<main id="page" data-view="${view}"></main>
<script type="application/json" id="strings">${jsonForScript(strings)}</script>
<script nonce="${escapeAttribute(nonce)}" src="${escapeAttribute(scriptUri)}"></script>
</body>
</html>
`;
}

function escapeAttribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** JSON that cannot end the script element it stands in. */
function jsonForScript(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

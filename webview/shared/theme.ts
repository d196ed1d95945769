/** The editor's colors and fonts, as the canvases need them. theme.css says which editor variable each one is. */

export interface Theme {
  readonly kind: 'light' | 'dark';
  readonly highContrast: boolean;
  readonly background: string;
  readonly foreground: string;
  readonly dim: string;
  readonly line: string;
  readonly accent: string;
  readonly second: string;
  /** Tint, and writing, of what vanishes and of what explodes. */
  readonly vanishing: string;
  readonly exploding: string;
  readonly font: string;
  readonly textFont: string;
}

/** Reads the page's custom properties once, as they are at an element; call again when `watchTheme` says so. */
export function readTheme(at: Element = document.body): Theme {
  const style = getComputedStyle(at);
  const value = (name: string): string => style.getPropertyValue(name).trim();
  const classes = document.body.classList;
  const light = classes.contains('vscode-light') || classes.contains('vscode-high-contrast-light');
  return {
    kind: light ? 'light' : 'dark',
    highContrast: classes.contains('vscode-high-contrast') || classes.contains('vscode-high-contrast-light'),
    background: value('--background'),
    foreground: value('--foreground'),
    dim: value('--dim'),
    line: value('--line'),
    accent: value('--accent'),
    second: value('--second'),
    vanishing: value('--vanishing'),
    exploding: value('--exploding'),
    font: value('--font-family'),
    textFont: value('--text-font-family'),
  };
}

/** The editor announces a theme by classes on the body and variables on the document element. Returns what ends the watching. */
export function watchTheme(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  for (const node of [document.body, document.documentElement])
    observer.observe(node, { attributes: true, attributeFilter: ['class', 'style'] });
  return () => observer.disconnect();
}

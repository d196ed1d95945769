/**
 * A place in a notebook's page that shares no styles with it: all outputs of all extensions are in one document. The editor's colors come in by its
 * variables, and which kind of theme it is by the body's classes, which are repeated on the host.
 */
import { element } from '../shared/dom';
import { watchTheme } from '../shared/theme';
import style from './notebook.css?text';

export interface Isolated {
  readonly root: HTMLElement;
  end(): void;
}

const kinds = ['vscode-light', 'vscode-high-contrast', 'vscode-high-contrast-light'] as const;

/** In place of what the element held. @param language of what is written there, BCP 47: the document's own says nothing of it */
export function isolated(parent: HTMLElement, language: string): Isolated {
  const host = element('div');
  const root = element('div', { class: 'flow-output', attributes: { lang: language } });
  const repeat = (): void => {
    for (const kind of kinds) host.classList.toggle(kind, document.body.classList.contains(kind));
  };
  repeat();
  host.attachShadow({ mode: 'open' }).append(element('style', { text: style }), root);
  parent.replaceChildren(host);
  return { root, end: watchTheme(repeat) };
}

/** What every section begins with: its title, one plain sentence, the formula behind it, and what can be taken away. */
import { element } from './dom';
import { formula } from './formula';
import type { PageKey } from '../../src/messages';
import type { Texts } from './texts';

/** Sentences, and formulas as `formula` reads them. */
export type Explanation = readonly (PageKey | { readonly formula: string })[];

export interface FrameOptions {
  /** Part of ids; lower-case letters and hyphens. */
  readonly id: string;
  readonly title: PageKey;
  /** One plain sentence: what one sees here. */
  readonly sentence: PageKey;
  /** What is computed exactly, for the popover. */
  readonly explanation: Explanation;
  /** Exports what the section shows; without it there is no such button. */
  readonly onExport?: () => void;
}

export interface SectionFrame {
  readonly root: HTMLElement;
  /** Beside the title: controls go here. */
  readonly controls: HTMLElement;
  /** The plain sentence, where another is right for what is shown. */
  readonly sentence: HTMLElement;
  /** What the popover says: more can be appended. */
  readonly explanation: HTMLElement;
  /** Puts another explanation in place of the first. */
  readonly explain: (explanation: Explanation) => void;
}

/** A section with its heading; what it shows is appended to `root`. */
export function sectionFrame(texts: Texts, options: FrameOptions): SectionFrame {
  const title = texts.get(options.title);
  const controls = element('div', { class: 'toolset' });
  // All of them are on the title's line, or below it together.
  const tools = element('div', { class: 'tools' }, controls);
  const explained = popover(texts, options, title);
  const heading = element(
    'div',
    { class: 'heading' },
    element('h2', { text: title, attributes: { id: `${options.id}-title` } }),
    explained.button,
    explained.body,
    tools,
  );
  if (options.onExport) {
    const save = element('button', {
      class: 'quiet',
      text: texts.get('panel.section.export'),
      attributes: {
        type: 'button',
        'data-action': `export-${options.id}`,
        'aria-label': texts.get('panel.section.exportOf', title),
      },
    });
    save.addEventListener('click', options.onExport);
    tools.append(save);
  }
  const sentence = element('p', { class: 'sentence dim', text: texts.get(options.sentence) });
  const root = element(
    'section',
    { class: options.id, attributes: { 'aria-labelledby': `${options.id}-title` } },
    heading,
    sentence,
  );
  return { root, controls, sentence, explanation: explained.body, explain: explained.explain };
}

function popover(
  texts: Texts,
  { id, explanation }: FrameOptions,
  title: string,
): { readonly button: HTMLElement; readonly body: HTMLElement; readonly explain: (explanation: Explanation) => void } {
  const name = `${id}-explained`;
  const button = element('button', {
    class: 'about',
    text: 'i',
    attributes: { type: 'button', popovertarget: name, 'aria-label': texts.get('panel.section.explain', title) },
  });
  // It can be longer than a small window: then the keys scroll it.
  const body = element('div', {
    class: 'explanation',
    attributes: { id: name, popover: 'auto', role: 'note', tabindex: '0' },
  });
  const explain = (parts: Explanation): void => {
    body.replaceChildren(
      ...parts.map((part) =>
        typeof part === 'string' ? element('p', { text: texts.get(part) }) : formula(part.formula),
      ),
    );
  };
  explain(explanation);
  body.addEventListener('toggle', () => {
    const { left, bottom } = button.getBoundingClientRect();
    const room = document.documentElement.clientWidth - body.offsetWidth - 8;
    body.style.left = `${Math.max(8, Math.min(left, room))}px`;
    body.style.top = `${Math.max(8, Math.min(bottom + 4, window.innerHeight - body.offsetHeight - 8))}px`;
  });
  return { button, body, explain };
}

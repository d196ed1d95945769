/** The sentences of an output in the reader's language. No editor sends them here, so the renderer has both tables itself. */
import english from '../../l10n/bundle.l10n.json';
import korean from '../../l10n/bundle.l10n.ko.json';
import { pageStringsOf } from '../../src/messages';
import { Texts } from '../shared/texts';

/**
 * @param languages as `navigator.languages`: the editor's page says "en" in its document whatever its language is, but a desktop editor begins its pages in its
 * own language, and one in a browser takes the browser's.
 */
export function notebookTexts(languages: readonly string[]): Texts {
  const language = languages.find((each) => /^(en|ko)\b/i.test(each)) ?? 'en';
  return new Texts(pageStringsOf(/^ko/i.test(language) ? korean : english), language);
}

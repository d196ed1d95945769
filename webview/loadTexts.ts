/** The page's texts, from its document. */
import type { PageStrings } from '../src/messages';
import { Texts } from './shared/texts';

/** From the JSON the editor put into the document. */
export function loadTexts(): Texts {
  const element = document.getElementById('strings');
  return new Texts(JSON.parse(element?.textContent ?? '{}') as PageStrings, document.documentElement.lang || 'en');
}

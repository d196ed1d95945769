/** NFC, NFD, NFKC and NFKD (Unicode Standard Annex 15) of a text whose places must be kept. */
import type { Aligned } from './aligned';
import { isYoungerCompatible, isYoungerDecomposable } from './youngerCharacters';

export type UnicodeForm = 'NFC' | 'NFD' | 'NFKC' | 'NFKD';

export function normalized(aligned: Aligned, form: UnicodeForm): Aligned {
  const { text } = aligned;
  const whole = inForm(text, form);
  if (whole === text) return aligned;
  // A code point and all behind it that can combine with it: marks, vowels and finals of Hangul, and the half-width forms that become those.
  // What begins such a stretch never changes what stands before it.
  const stretch = /[^][\p{M}\u1160-\u11ff\ud7b0-\ud7ff\uff9e-\uffdc]*/gu;
  const parts = Array.from(text.matchAll(stretch), ({ index, 0: old }) => ({
    text: inForm(old, form),
    from: index,
    to: index + old.length,
  }));
  const agrees = parts.map((part) => part.text).join('') === whole;
  // Of a stretch that is not known here, the whole text is the place.
  return aligned.replaced(agrees ? parts : [{ text: whole, from: 0, to: text.length }]);
}

/** As the library's tables have it: characters that these do not know stay, and nothing combines across them. */
function inForm(text: string, form: UnicodeForm): string {
  const isUnknown = form === 'NFC' ? null : form === 'NFD' ? isYoungerDecomposable : isYounger;
  if (isUnknown === null || !isUnknown(text)) return text.normalize(form);
  let [made, known] = ['', ''];
  for (const character of text) {
    if (!isUnknown(character)) {
      known += character;
      continue;
    }
    made += known.normalize(form) + character;
    known = '';
  }
  return made + known.normalize(form);
}

function isYounger(text: string): boolean {
  return isYoungerCompatible(text) || isYoungerDecomposable(text);
}

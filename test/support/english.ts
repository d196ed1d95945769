/** Errors have their sentences in English, as in the programs. */
import english from '../../l10n/bundle.l10n.json';
import { setEnglishSource } from '../../src/messages';

setEnglishSource(() => english);

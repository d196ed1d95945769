"""
What Hugging Face's tokenizers 0.23.3 makes of every code point by itself: PYTHON test/vectors/tokenizer_tables.py OUT, with that package. Beside what Node.js makes of them it shows
which characters src/tokens/tokenizer/youngerCharacters.ts has to name.
"""
import json
import sys
from pathlib import Path

from tokenizers import normalizers, pre_tokenizers

CHARACTERS = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
NORMALIZERS = {name: getattr(normalizers, name)() for name in ['NFC', 'NFD', 'NFKC', 'NFKD', 'StripAccents', 'Lowercase', 'Nmt']}
NORMALIZERS['BertNormalizer, accents'] = normalizers.BertNormalizer(False, False, True, False)
NORMALIZERS['BertNormalizer, clean_text'] = normalizers.BertNormalizer(True, False, False, False)


def changed(normalizer):
    return {f'{ord(c):x}': made for c in CHARACTERS for made in [normalizer.normalize_str(c)] if made != c}


def punctuation():
    """What is left out where punctuation is removed."""
    left = {c for piece, _ in pre_tokenizers.Punctuation('removed').pre_tokenize_str(''.join(CHARACTERS)) for c in piece}
    return [f'{ord(c):x}' for c in CHARACTERS if c not in left]


Path(sys.argv[1]).write_text(json.dumps({**{name: changed(normalizer) for name, normalizer in NORMALIZERS.items()}, 'punctuation': punctuation()}))

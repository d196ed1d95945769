"""How Hugging Face's tokenizers 0.23.3 cuts texts: PYTHON test/vectors/tokenizer_cuts.py, with that package."""
import json
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, pre_tokenizers

TEXTS = ['ab b', 'Hello, world!  hello', ' x\t\ny ', '가나 다.라🙂', "don't stop_now", 'e\u0301a 10² ½', 'a\u200db\u200cc x\u203fy', 'a\ufeffb a\u0085b a\u00a0b a\u2028b', 'Ⅷ ⓐ+1 १२', '']
PRE = {'whitespace': pre_tokenizers.Whitespace(), 'whitespaceSplit': pre_tokenizers.WhitespaceSplit(),
       'characters': pre_tokenizers.Split('', 'isolated'), 'anyCharacter': pre_tokenizers.Split(Regex(r'[\s\S]'), 'isolated')}


def cuts(name, text):
    return [piece for piece, _ in PRE[name].pre_tokenize_str(text)]


def case(name):
    """Every other piece is unknown, so that both kinds come; the model gives ids to all."""
    pieces = sorted({piece for text in TEXTS for piece in cuts(name, text)})
    vocab = {symbol: i for i, symbol in enumerate(['<unk>', *pieces[::2], *(p for p in pieces[1::2] if len(p) < 3)])}
    tokenizer = Tokenizer(models.WordLevel(vocab, unk_token='<unk>'))
    tokenizer.pre_tokenizer = PRE[name]
    return tokenizer


def bpe():
    """Characters: BPE that has no merges."""
    characters = sorted({c for text in TEXTS[:6] for c in text})
    return Tokenizer(models.BPE({symbol: i for i, symbol in enumerate(['<unk>', *characters])}, [], unk_token='<unk>'))


made = {**{name: case(name) for name in PRE}, 'bpe': bpe()}
result = [{'name': name, 'tokenizer': json.loads(t.to_str()), 'texts': [{'text': text, 'ids': t.encode(text).ids} for text in TEXTS]} for name, t in made.items()]
(Path(__file__).parent / 'data/tokenizers.json').write_text(json.dumps(result, ensure_ascii=True) + '\n')

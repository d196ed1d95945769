"""Keras tokenizers as `to_json()` writes them, and the ids that they give to texts: data/kerasTokenizers.json.

Run with Keras-Preprocessing 1.1.2, whose `text` module needs nothing else.
"""
import json
import pathlib

from keras_preprocessing.text import Tokenizer

PATH = pathlib.Path(__file__).parent / 'data' / 'kerasTokenizers.json'
CORPUS = ['The cat sat on the mat.', "It's a cat, a CAT; the cat-mat!", 'Über die Straße\nging\tdie Katze.', 'a [b] c^d \\ e']
TEXTS = ['the cat sat', 'The CAT -- the mat...', 'die Katze\nging\t\tÜber', 'a [b] c^d\\e', "it's a mat"]
FORMS = {
    'words': {},
    'words with an unknown one': {'oov_token': '<OOV>'},
    'the most frequent words': {'num_words': 6, 'oov_token': '<UNK>'},
    'case and marks kept': {'lower': False, 'filters': ''},
    'cut at commas': {'split': ',', 'filters': '.'},
    'characters': {'char_level': True},
    'characters with case': {'char_level': True, 'lower': False, 'filters': ''},
}
UNKNOWN = ['a dog sat', 'THE MAT, zzz']


def described(name, options):
    tokenizer = Tokenizer(**options)
    tokenizer.fit_on_texts(CORPUS)
    size = min(len(tokenizer.word_index) + 1, tokenizer.num_words or 10 ** 9)
    texts = (CORPUS if tokenizer.char_level or tokenizer.split != ' ' or not tokenizer.lower else TEXTS) + (UNKNOWN if tokenizer.oov_token else [])
    found = [{'text': text, 'ids': ids} for text, ids in zip(texts, tokenizer.texts_to_sequences(texts))]
    return {'name': name, 'size': size, 'file': tokenizer.to_json(), 'texts': found}


PATH.write_text(json.dumps([described(*form) for form in FORMS.items()], ensure_ascii=False, indent=1) + '\n', encoding='utf8')

"""
What Hugging Face's tokenizers 0.23.3 makes of texts with random tokenizers: PYTHON test/vectors/tokenizer_vectors.py [COUNT SEED OUT], with that package.
Without arguments it writes the sample that is kept.
"""
import json
import os
import random
import resource
import signal
import sys
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

CORPUS = ['the quick brown fox jumps over the lazy dog', "it's the cat's mat, isn't it?", '가나 다라 가나다 나비야 나비야', 'banana bandana 123 1234 12', 'Ünïcödé café cafe\u0301 naïve', 'x  y\tz\r\nnew line\n', '漢字と かな 漢字', 'emoji 😀😀 👩\u200d👧 ok']
PIECES = ['the', ' the', 'The', ' ', '  ', '\n', '\r\n', '\t', 'cat', "'s", "n't", ',', '.', '!?', '-', '--', '_', 'ban', 'ana', '123', '4', '½', '²', '가나', '나비', 'ㄱ', '각', '漢字', 'か\u3099', 'é', 'e\u0301', 'ü', 'İ', 'Σ', 'ς', 'ſ', '\u212a', 'ﬁ', 'Ａ', 'ｶﾞ', '😀', '👩\u200d👧', '🇰🇷', '\u00a0', '\u3000', '\u200b', '\ufeff', '\u0085', '\u2028', '\x00', '\x07', '\u0301', '<s>', '</s>', '[UNK]', '<unk>', '<pad>', '[MASK]', ' [MASK] ', 'x<s>y', 'new', '<NEW>', '▁', '▁the', '##s', '</w>', 'Ġ', '<0x41>', '\u05d0', '\u0e01\u0e33', 'q', 'zzz', '\U00020000', '$', '+', '·', '。', '\ufffd', '#', '\\']
REGEXES = ['', r'\s', r'\s+', r'.', r'[\s\S]', r'(?m).', r'\w+', r'\w+|[^\w\s]+', r'\p{L}+', r'[^\s]+', r'\d', r'\p{N}{1,3}', r'a|b', r'[aeiou]', r' ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+', r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+", r'(?i:k|the)', r'(?=[A-Z가-힣])', r'\b', r'(?<=\s)', r'a*', r'x?', r'[^\p{Han}]', r'\p{Hangul}|\p{Han}', r'[[:punct:]]', r'\p{P}', r'^.', r'.$', r'(?>a|an)a', r'[^(\s|[.,!?])]', r'\R', r'\X', r'[a-z&&[^aeiou]]', r'(a)\1', r'e\u0301', r'\n|\r\n?', r'(?:ab|ba)n{1,2}?', r'[\w\-]+', r'\h', r'\W', r'\S+', r'\B']
BEHAVIORS = ['removed', 'isolated', 'merged_with_previous', 'merged_with_next', 'contiguous']


def pattern(r):
    return Regex(r.choice(REGEXES)) if r.random() < 0.75 else r.choice(['', ' ', 'a', 'na', '.', '\n', '-', '#', '😀', '\\', 'e\u0301'])


def one_normalizer(r):
    return r.choice([normalizers.NFC, normalizers.NFD, normalizers.NFKC, normalizers.NFKD, normalizers.Lowercase, normalizers.StripAccents, normalizers.Nmt, normalizers.ByteLevel,
                     lambda: normalizers.Strip(r.random() < 0.6, r.random() < 0.6), lambda: normalizers.Replace(pattern(r), r.choice(['', ' ', '▁', 'xy', '한'])), lambda: normalizers.Prepend(r.choice(['▁', 'ab'])),
                     lambda: normalizers.BertNormalizer(r.random() < 0.7, r.random() < 0.7, r.choice([None, True, False]), r.random() < 0.6)])()


def one_pre_tokenizer(r):
    return r.choice([pre_tokenizers.Whitespace, pre_tokenizers.WhitespaceSplit, pre_tokenizers.BertPreTokenizer, lambda: pre_tokenizers.ByteLevel(r.random() < 0.5, r.random() < 0.5, r.random() < 0.7),
                     lambda: pre_tokenizers.Metaspace(r.choice(['▁', '_']), r.choice(['always', 'never', 'first']), r.random() < 0.7), lambda: pre_tokenizers.Punctuation(r.choice(BEHAVIORS)), lambda: pre_tokenizers.Digits(r.random() < 0.5),
                     lambda: pre_tokenizers.CharDelimiterSplit(r.choice(['a', ' ', '-', '😀'])), lambda: pre_tokenizers.FixedLength(r.randint(1, 6)),
                     lambda: pre_tokenizers.Split(pattern(r), r.choice(BEHAVIORS), r.random() < 0.3), lambda: pre_tokenizers.Split(pattern(r), r.choice(BEHAVIORS), r.random() < 0.3)])()


def some(r, one, whole):
    kind = r.random()
    if kind < 0.25:
        return None
    return one(r) if kind < 0.75 else whole([one(r) for _ in range(r.randint(1, 3))])


def added(r):
    texts = r.sample(['<s>', '</s>', '[MASK]', '<NEW>', 'new', 'The', ' ', 'na', 'é', '<s>x', '가나'], r.randint(0, 4))
    return [AddedToken(text, single_word=r.random() < 0.3, lstrip=r.random() < 0.3, rstrip=r.random() < 0.3, normalized=r.random() < 0.4, special=r.random() < 0.6) for text in texts]


def trained(r, small=False):
    """Trained where training keeps it small; scores of few values, so that paths tie."""
    kind = r.choice(['bpe', 'bpe', 'bpe', 'wordpiece', 'unigram', 'wordlevel', 'characters'])
    unk = r.choice(['[UNK]', '<unk>'])
    size = r.randint(25, 45) if small else r.randint(60, 160)
    corpus = r.sample(CORPUS, 2 if small else r.randint(3, len(CORPUS)))
    options = dict(vocab_size=size, special_tokens=[unk] if r.random() < 0.8 else [], show_progress=False)
    if kind == 'bpe':
        has_unk = r.random() < 0.8 and options['special_tokens']
        t = Tokenizer(models.BPE(unk_token=unk if has_unk else None, fuse_unk=r.random() < 0.4, byte_fallback=r.random() < 0.3, ignore_merges=r.random() < 0.3, end_of_word_suffix='</w>' if r.random() < 0.2 else None))
        extra = {'end_of_word_suffix': '</w>'} if t.model.end_of_word_suffix else {}
        if t.model.byte_fallback and r.random() < (0.1 if small else 0.8):
            options['special_tokens'] = options['special_tokens'] + [f'<0x{b:02X}>' for b in range(256)]
            options['vocab_size'] += 256
        trainer = trainers.BpeTrainer(**options, **extra)
    elif kind == 'wordpiece':
        t, trainer = Tokenizer(models.WordPiece(unk_token=unk, max_input_chars_per_word=r.choice([5, 100]))), trainers.WordPieceTrainer(**options)
    elif kind == 'unigram':
        t, trainer = Tokenizer(models.Unigram()), trainers.UnigramTrainer(**{**options, 'special_tokens': [unk]}, unk_token=unk)
    elif kind == 'wordlevel':
        t, trainer = Tokenizer(models.WordLevel(unk_token=unk)), trainers.WordLevelTrainer(**options)
    else:
        t, trainer = Tokenizer(models.BPE(unk_token=unk if options['special_tokens'] else None)), trainers.BpeTrainer(**{**options, 'vocab_size': 1})
    t.normalizer = some(r, one_normalizer, normalizers.Sequence)
    t.pre_tokenizer = some(r, one_pre_tokenizer, pre_tokenizers.Sequence)
    t.train_from_iterator(corpus, trainer)
    if kind == 'unigram' and r.random() < 0.5:
        data = json.loads(t.to_str())
        data['model']['vocab'] = [[token, float(r.choice([-1, -2, -2, -3, -4]))] for token, _ in data['model']['vocab']]
        t = Tokenizer.from_str(json.dumps(data))
    t.add_tokens(added(r))
    if r.random() < 0.2:
        t.add_special_tokens(['<s>', '</s>'])
        ids = [(name, t.token_to_id(name)) for name in ['<s>', '</s>']]
        t.post_processor = r.choice([lambda: processors.TemplateProcessing(single='<s> $A </s>', special_tokens=ids), lambda: processors.RobertaProcessing(ids[1], ids[0], trim_offsets=False), lambda: processors.BertProcessing(ids[1], ids[0])])()
    t.decoder = r.choice([None, None, decoders.ByteLevel(), decoders.Metaspace(), decoders.WordPiece('##', r.random() < 0.5), decoders.BPEDecoder(), decoders.Sequence([decoders.Replace('▁', ' '), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(' ', 1, 0)])])
    return t


def text(r):
    return ''.join(r.choice(PIECES) if r.random() < 0.6 else r.choice(r.choice(CORPUS).split(' ')) + r.choice(['', ' ', ' ']) for _ in range(r.randint(1, 14)))


def utf16(s, offset):
    return len(s[:offset].encode('utf-16-le', 'surrogatepass')) // 2


def answer(t, s):
    try:
        encoding = t.encode(s)
    except BaseException:
        return {'text': s, 'ids': None}
    return {'text': s, 'ids': encoding.ids, 'places': [[utf16(s, a), utf16(s, b)] for a, b in encoding.offsets], 'decoded': t.decode(encoding.ids, skip_special_tokens=False)}


def case(seed, small):
    """One tokenizer and its texts; None where the library cannot train or read it."""
    r = random.Random(seed)
    try:
        # As it is read from a file, which is what counts.
        t = Tokenizer.from_str(trained(r, small).to_str())
    except BaseException:
        return None
    return {'tokenizer': json.loads(t.to_str()), 'texts': [answer(t, text(r)) for _ in range(3 if small else 6)]}


def apart(seed, small=False):
    """The same in a process of its own, with bounds on time and memory: some combinations end the library."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
        signal.alarm(20)
        made = json.dumps(case(seed, small))
        with os.fdopen(write, 'w') as pipe:
            pipe.write(made)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        made = pipe.read()
    os.waitpid(child, 0)
    return json.loads(made) if made else None


def cases(count, seed):
    made = []
    while len(made) < count:
        found = apart(seed)
        seed += 1
        if found:
            made.append(found)
    return made


def features(value, key=''):
    """What a tokenizer is made of: its fields of few values."""
    if isinstance(value, dict):
        return set().union(*(features(v, f'{key}.{k}') for k, v in value.items() if k not in ('vocab', 'merges', 'id', 'content', 'special_tokens')))
    if isinstance(value, list):
        return set().union(*(features(v, key) for v in value))
    return {f'{key}={value}'}


def sample(bytes_of_file):
    """Tokenizers that add the most that is new, until the file is full."""
    pool = [(found, features(found['tokenizer'])) for found in (apart(seed, True) for seed in range(900)) if found and any(a['ids'] for a in found['texts'])]
    chosen, seen, size = [], set(), 0
    while pool:
        best = max(pool, key=lambda each: len(each[1] - seen) / (300 + len(line(each[0]))))
        pool.remove(best)
        if not best[1] - seen or size + len(line(best[0])) > bytes_of_file:
            continue
        chosen.append(best[0])
        seen |= best[1]
        size += len(line(best[0]))
    return chosen


def line(found):
    return json.dumps(found, ensure_ascii=True, separators=(',', ':'))


def of(model, texts, normalizer=None, pre_tokenizer=None, tokens=()):
    t = Tokenizer(model)
    t.normalizer, t.pre_tokenizer = normalizer, pre_tokenizer
    t.add_tokens(list(tokens))
    t = Tokenizer.from_str(t.to_str())
    return {'tokenizer': json.loads(t.to_str()), 'texts': [answer(t, s) for s in texts]}


def ids(symbols):
    return {symbol: i for i, symbol in enumerate(symbols)}


def forms():
    """Forms that look like another, each with texts in which that shows."""
    words = ids(['<unk>', 'ab', 'b', '.', 'a.', '\n', 'a', 'c', '..', 'ab.', '.b', '가', '😀'])
    level = lambda: models.WordLevel(words, unk_token='<unk>')
    split = lambda p, behavior, invert=False: pre_tokenizers.Split(p, behavior, invert)
    texts = ['ab.b', 'a..b\n\nb', '.a.\r\n😀가', '..', 'ab <unk>b']
    letters = ids(['<unk>', 'a', 'b', 'c', '\u2581', 'ab', 'c</w>', 'b</w>', 'ab</w>', 'ĠGarbage', 'Ġ', 'Ã', '©', 'abc'])
    bpe = lambda **options: models.BPE(letters, options.pop('merges', []), unk_token='<unk>', **options)
    more = ['ab c', ' abc', 'a😀😀b', 'é ab', 'ab\nabc', 'a\u2581b']
    special = lambda **options: [AddedToken('<s>', special=True, **options), AddedToken('ab', **options)]
    yield 'Split ".", which passes over line feeds', of(level(), texts, None, split(Regex('.'), 'isolated'))
    for behavior in BEHAVIORS:
        for invert in (False, True):
            yield f'Split at a text, {behavior}, invert {invert}', of(level(), texts, None, split('.', behavior, invert))
            yield f'Split at a pattern, {behavior}, invert {invert}', of(level(), texts, None, split(Regex(r'\.|\n'), behavior, invert))
    yield 'added tokens', of(level(), ['<s>ab', 'xab <s> ab', 'ab<s>', 'cabc', '<s', ' <s> . '], None, pre_tokenizers.Whitespace(), special())
    yield 'added tokens, single words', of(level(), ['<s>ab', 'xab <s> ab', 'x<s>x', 'cabc', 'ab.ab_', '가<s>'], None, pre_tokenizers.Whitespace(), special(single_word=True))
    yield 'added tokens that take spaces', of(level(), ['<s> ab', 'a  ab \n <s>  ab', '\u00a0<s>\u3000c'], None, pre_tokenizers.Split('', 'isolated'), special(lstrip=True, rstrip=True))
    yield 'added tokens, normalized', of(level(), ['AB <S> Ab', 'ab'], normalizers.Lowercase(), pre_tokenizers.Whitespace(), [AddedToken('AB', normalized=True), AddedToken('<S>', normalized=False)])
    for name, pre in [('none', None), ('Whitespace', pre_tokenizers.Whitespace()), ('ByteLevel', pre_tokenizers.ByteLevel(add_prefix_space=False)), ('ByteLevel with a space before', pre_tokenizers.ByteLevel()), ('Metaspace', pre_tokenizers.Metaspace()), ('Metaspace, first', pre_tokenizers.Metaspace(prepend_scheme='first'))]:
        yield f'BPE without merges, {name}', of(bpe(), more, None, pre)
    yield 'BPE, fuse_unk', of(bpe(fuse_unk=True), more, None, pre_tokenizers.WhitespaceSplit())
    yield 'BPE, end_of_word_suffix', of(bpe(end_of_word_suffix='</w>', merges=[('a', 'b</w>')]), more, None, pre_tokenizers.WhitespaceSplit())
    yield 'BPE, ignore_merges', of(bpe(ignore_merges=True, merges=[('a', 'b')]), more, None, pre_tokenizers.WhitespaceSplit())
    yield 'WordPiece', of(models.WordPiece(ids(['[UNK]', 'un', '##aff', '##able', 'a', '##b', '가', '##나']), unk_token='[UNK]'), ['unaffable aab', '가나나 ab', 'é'], normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer())
    bytes_ = [(f'<0x{b:02X}>', -9.0) for b in range(256)]
    yield 'Unigram with bytes', of(models.Unigram([('<unk>', 0.0), ('▁', -2.0), ('a', -3.0), ('▁a', -2.0), ('ab', -4.0), ('b', -2.0), ('가', -3.0), *bytes_], 0, True), ['ab aab', '가나 é', 'e\u0301😀b'], normalizers.NFKC(), pre_tokenizers.Metaspace())
    yield 'positions behind a normalizer', of(level(), ['ＡＢ  ﬁ', 'e\u0301a 가', '\u1100\u1161b', 'ÀB'], normalizers.Sequence([normalizers.NFKC(), normalizers.StripAccents(), normalizers.Lowercase()]), pre_tokenizers.Split('', 'isolated'))


if __name__ == '__main__':
    os.environ['TOKENIZERS_PARALLELISM'] = 'false'
    data = Path(__file__).parent / 'data'
    if len(sys.argv) > 1:
        count, seed, out = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
        Path(out).write_text('\n'.join(line(case) for case in cases(count, seed)) + '\n')
    else:
        (data / 'tokenizerForms.json').write_text('[' + ',\n'.join(json.dumps({'name': name, **found}, separators=(',', ':')) for name, found in forms()) + ']\n')
        (data / 'tokenizersRandom.json').write_text('[' + ',\n'.join(line(found) for found in sample(90_000)) + ']\n')

/** How a tokenizer.json makes a text of tokens again (`decoder`). */
import { bytesRead } from './byteLevel';
import { TokenizerRefusal, type Fields } from './fields';
import { matchesOf } from './matches';
import { patternOf } from './patternField';
import { prependSchemeOf } from './preTokenizers';

/** Tokens, or what another decoder has made of them. */
export type Decoder = (tokens: readonly string[]) => string[];

/** Throws a TokenizerRefusal for one that cannot be followed. */
export function decoderOf(fields: Fields): Decoder {
  switch (fields.type) {
    case 'ByteLevel':
      return (tokens) => [utf8(tokens.flatMap((token) => bytesRead(token) ?? [...encoder.encode(token)]))];
    case 'ByteFallback':
      return byteFallback;
    case 'Fuse':
      return (tokens) => [tokens.join('')];
    case 'Metaspace':
      return metaspaceOf(fields);
    case 'WordPiece':
      return wordPieceOf(fields.string('prefix'), fields.boolean('cleanup'));
    case 'BPEDecoder': {
      const suffix = fields.string('suffix');
      return (tokens) => tokens.map((token, i) => token.replaceAll(suffix, i === tokens.length - 1 ? '' : ' '));
    }
    case 'Replace': {
      const [pattern, content] = [patternOf(fields), fields.string('content')];
      return (tokens) => tokens.map((token) => replaced(token, pattern, content));
    }
    case 'Strip':
      return stripOf(fields.string('content'), fields.integer('start', 0), fields.integer('stop', 0));
    case 'Sequence': {
      const all = fields.list('decoders').map(decoderOf);
      return (tokens) => all.reduce<string[]>((made, decoder) => decoder(made), [...tokens]);
    }
    default:
      throw new TokenizerRefusal(fields.part, `"type": ${JSON.stringify(fields.type)}`);
  }
}

const encoder = new TextEncoder();

function utf8(bytes: readonly number[]): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));
}

/** Bytes that are no UTF-8 become a “�” each. */
function byteFallback(tokens: readonly string[]): string[] {
  const made: string[] = [];
  let bytes: number[] = [];
  const end = () => {
    if (bytes.length > 0) made.push(...textOfBytes(bytes));
    bytes = [];
  };
  for (const token of tokens) {
    const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(token);
    if (byte) {
      bytes.push(parseInt(byte[1], 16));
      continue;
    }
    end();
    made.push(token);
  }
  end();
  return made;
}

function textOfBytes(bytes: readonly number[]): string[] {
  try {
    return [new TextDecoder('utf-8', { ignoreBOM: true, fatal: true }).decode(Uint8Array.from(bytes))];
  } catch {
    return bytes.map(() => '\ufffd');
  }
}

function metaspaceOf(fields: Fields): Decoder {
  const mark = fields.string('replacement');
  const hasPrefix = prependSchemeOf(fields) !== 'never';
  return (tokens) => tokens.map((token, i) => token.replaceAll(mark, i === 0 && hasPrefix ? '' : ' '));
}

function wordPieceOf(prefix: string, isCleaned: boolean): Decoder {
  return (tokens) =>
    tokens.map((token, i) => {
      const joined =
        i === 0 ? token : prefix !== '' && token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
      return isCleaned ? cleaned(joined) : joined;
    });
}

/** Spaces that writing English with a space between words has made too many. */
function cleaned(text: string): string {
  return text
    .replaceAll(' .', '.')
    .replaceAll(' ?', '?')
    .replaceAll(' !', '!')
    .replaceAll(' ,', ',')
    .replaceAll(" ' ", "'")
    .replaceAll(" n't", "n't")
    .replaceAll(" 'm", "'m")
    .replaceAll(' do not', " don't")
    .replaceAll(" 's", "'s")
    .replaceAll(" 've", "'ve")
    .replaceAll(" 're", "'re");
}

function replaced(token: string, pattern: RegExp, content: string): string {
  return matchesOf(token, pattern)
    .map(({ from, to, isMatch }) => (isMatch ? content : token.slice(from, to)))
    .join('');
}

function stripOf(content: string, start: number, stop: number): Decoder {
  return (tokens) =>
    tokens.map((token) => {
      const characters = Array.from(token);
      let [from, to] = [0, characters.length];
      while (from < start && characters[from] === content) from += 1;
      while (characters.length - to < stop && to > from && characters[to - 1] === content) to -= 1;
      return characters.slice(from, to).join('');
    });
}

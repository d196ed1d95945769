import assert from 'node:assert/strict';
import { isMarked, visibleSymbol, visibleText } from '../../../../webview/shared/symbols';

describe('a token on the page', () => {
  it('is seen where it is a space, several, or a line end of one character or two', () => {
    assert.deepEqual([' ', '   ', ' \t', '\n', '\r\n', '\r'].map(visibleSymbol), ['·', '···', '·→', '⏎', '⏎', '␍']);
    assert.ok(isMarked('  ') && !isMarked('word'));
    assert.equal(visibleText(['two', ' ', 'words', '\r\n']), 'two words⏎');
  });

  it('is quoted as the character that its bytes make, or as itself', () => {
    const bytes = (text: string) =>
      [...Buffer.from(text)].map((byte) =>
        byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16).toUpperCase()}`,
      );
    assert.equal(visibleText(bytes('of 하늘 é🙂!')), 'of 하늘 é🙂!');
    assert.equal(visibleText(bytes('하늘').slice(1, 5)), '\\x95\\x98\\xEB\\x8A');
  });

  it('is a word or a grapheme cluster as it is, and never turns the direction of what follows', () => {
    for (const symbol of ['can’t', '👨‍👩‍👧', 'e\u0301', '하늘을', '\\xED']) assert.equal(visibleSymbol(symbol), symbol);
    assert.equal(visibleSymbol('\u202e'), '␣');
  });
});

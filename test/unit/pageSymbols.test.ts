import assert from 'node:assert/strict';
import { isMarked, visibleSymbol, visibleText } from '../../webview/symbols';

describe('a token on the page', () => {
  it('is seen where it is a space, several, or a line end of one character or two', () => {
    assert.deepEqual([' ', '   ', ' \t', '\n', '\r\n', '\r'].map(visibleSymbol), ['·', '···', '·→', '⏎', '⏎', '␍']);
    assert.ok(isMarked('  ') && !isMarked('word'));
    assert.equal(visibleText(['two', ' ', 'words', '\r\n']), 'two words⏎');
  });

  it('is a word or a grapheme cluster as it is, and never turns the direction of what follows', () => {
    for (const symbol of ['can’t', '👨‍👩‍👧', 'e\u0301', '하늘을', '\\xED']) assert.equal(visibleSymbol(symbol), symbol);
    assert.equal(visibleSymbol('\u202e'), '␣');
  });
});

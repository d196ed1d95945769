import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// npm and mocha run at the project's root.
const samples = join(process.cwd(), 'media/samples');

/** Throws where the bytes are not UTF-8. */
function read(name: string, folder = samples): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(join(folder, name)));
}

function linesOf(name: string): readonly string[] {
  const lines = read(name).split('\n');
  assert.equal(lines.pop(), '', `${name} ends with a line feed`);
  return lines;
}

const symbolsOf = (text: string): string => [...new Set(text)].sort().join('');

describe('sample corpora', () => {
  it('are what the script writes, bit for bit', () => {
    const folder = mkdtempSync(join(tmpdir(), 'backflow-samples-'));
    try {
      execFileSync(process.execPath, [join(process.cwd(), 'scripts/samples.mjs'), folder]);
      for (const name of ['hello.txt', 'brackets.txt', 'copy.txt', 'adding.txt'])
        assert.equal(read(name), read(name, folder), name);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('hello: one word, five symbols', () => {
    assert.equal(symbolsOf(read('hello.txt')), '\nehlo');
    assert.ok(linesOf('hello.txt').every((line) => line === 'hello'));
  });

  it('brackets: every line balances, at most eight deep, with each kind of bracket', () => {
    assert.equal(symbolsOf(read('brackets.txt')), '\n()<>[]{}');
    let deepest = 0;
    for (const line of linesOf('brackets.txt')) {
      const open: string[] = [];
      for (const symbol of line) {
        const kind = ')]}>'.indexOf(symbol);
        if (kind < 0) deepest = Math.max(deepest, open.push(symbol));
        else assert.equal(open.pop(), '([{<'[kind], line);
      }
      assert.equal(open.length, 0, line);
      assert.ok(line.length >= 2 && line.length <= 72, line);
    }
    assert.equal(deepest, 8);
  });

  it('copy memory: the same four symbols come back 9 to 21 steps later', () => {
    assert.equal(symbolsOf(read('copy.txt')), '\n.?abcdefgh');
    const lags = new Set<number>();
    for (const line of linesOf('copy.txt')) {
      const match = /^([a-h]{4})(\.{4,16})\?([a-h]{4})$/.exec(line);
      assert.ok(match, line);
      const [, pattern = '', , again] = match;
      assert.equal(again, pattern);
      lags.add(line.length - pattern.length);
    }
    assert.deepEqual([Math.min(...lags), Math.max(...lags)], [9, 21]);
  });

  it('adding: the sum of two marked values, one in each half, of 10 to 20', () => {
    const [comments, sequences] = [true, false].map((isComment) =>
      linesOf('adding.txt').filter((line) => line.startsWith('#') === isComment),
    );
    assert.deepEqual([comments.length, sequences.length], [3, 1200]);
    const lengths = new Set<number>();
    let squares = 0;
    for (const line of sequences) {
      const [steps, target] = line.split(' = ');
      const rows = steps.split(' ').map((step) => {
        assert.match(step, /^0\.\d\d,[01]$/);
        return step.split(',').map(Number);
      });
      const marked = rows.flatMap(([value, mark], t) => (mark === 1 ? [{ value, t }] : []));
      assert.equal(marked.length, 2, line);
      const half = Math.floor(rows.length / 2);
      assert.ok(marked[0].t < half && marked[1].t >= half, line);
      assert.equal((marked[0].value + marked[1].value).toFixed(2), target);
      lengths.add(rows.length);
      squares += (Number(target) - 1) ** 2 / sequences.length;
    }
    assert.deepEqual([Math.min(...lengths), Math.max(...lengths)], [10, 20]);
    assert.ok(Math.abs(squares - 1 / 6) < 0.01, 'the error of one who always says 1');
  });

  for (const name of ['tale.txt', 'tale-ko.txt']) {
    it(`${name}: UTF-8 without a byte order mark, NFC, line feeds only, and every quotation closes`, () => {
      const text = read(name);
      assert.equal(text.normalize('NFC'), text);
      assert.ok(!/[\r\t\uFEFF]/.test(text));
      assert.ok(text.endsWith('\n'));
      for (const paragraph of text.split('\n\n')) assert.equal(paragraph.split('"').length % 2, 1, paragraph);
      const bytes = Buffer.byteLength(text);
      assert.ok(bytes >= 8 * 1024 && bytes <= 16 * 1024, `${bytes} bytes`);
    });
  }

  it('the English tale has a small alphabet, the Korean one is in Hangul', () => {
    const tale = read('tale.txt');
    assert.match(tale, /^[\n -~]+$/);
    assert.ok(symbolsOf(tale).length <= 70);
    assert.ok((read('tale-ko.txt').match(/\p{Script=Hangul}/gu) ?? []).length > 2000);
  });
});

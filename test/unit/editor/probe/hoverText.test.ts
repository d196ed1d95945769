import assert from 'node:assert/strict';
import {
  bar,
  characterHeading,
  hoverText,
  inContext,
  ordinal,
  powerOfTen,
  signedBar,
  type Localize,
} from '../../../../src/editor/probe/hoverText';
import { probeText } from '../../../../src/editor/probe/probeText';
import { escapeMarkdown, markdownSymbols, visibleSymbol } from '../../../../src/editor/markdown';
import { inEnglish } from '../../../../src/messages';
import type { TokenReport } from '../../../../src/protocol/engine';
import type { GraphTokenReport } from '../../../../src/protocol/graph';

const english: Localize = (key, ...args) => inEnglish({ key, args });

const probe = probeText('ab | c', 'codePoint', 0, { line: 0, character: 0 }, 10)!;

const report: TokenReport = {
  token: 5,
  symbol: 'c',
  loss: Math.LN2,
  predictions: [
    { symbol: '|', probability: 0.5 },
    { symbol: '\n', probability: 0.25 },
    { symbol: 'c', probability: 0.004 },
  ],
  layers: [
    {
      layer: 0,
      direction: 'forward',
      hiddenNorm: 3.25,
      hiddenChange: 0.5,
      gradient: -4.3,
      gain: 0.9,
      region: 'vanishing',
      inputGradient: -5.1,
    },
  ],
  inputs: [],
  contributions: {
    method: 'additive',
    strongest: [
      { token: 3, symbol: '|', score: -1.5 },
      { token: 0, symbol: 'a', score: 0.75 },
    ],
    whole: -0.7,
    heldFixed: ['hover.gatesHeldFixed'],
  },
};

describe('the hover over a sequence of numbers', () => {
  const numbers = probeText('0.37,0 0.81,1 = 0.8', 'numbers', 0, { line: 0, character: 0 }, 10)!;
  const [state] = report.layers;
  const step = { token: 1, symbol: '0.81,1', loss: null, predictions: [], inputs: [], contributions: null };

  it('gives a step its number and what its state does, and nothing of predictions', () => {
    const text = hoverText({ ...step, layers: [state] }, numbers, english);
    assert.match(text, /^\*\*0\\\.81\\,1\*\* · step 2 .*\n\n‖h‖ 3\.25 · .*vanishing/);
    assert.doesNotMatch(text, /nats|logit|nothing predicts|pin/);
  });

  it('gives what is predicted, what the model says and its squared error', () => {
    const found = { predicted: Float64Array.of(0.7123456), target: Float64Array.of(0.8) };
    const text = hoverText(
      { ...step, token: 2, symbol: '= 0.8', loss: 0.0076833, numbers: found, layers: [] },
      numbers,
      english,
    );
    assert.match(text, /^\*\*\\= 0\\\.8\*\* · the model predicts 0\.7123 · squared error 0\.00768/);
    assert.doesNotMatch(text, /nats|integrated|only predicted/i);
  });
});

describe('the hover’s text', () => {
  it('gives the loss in nats and bits', () => {
    assert.match(hoverText(report, probe, english), /^\*\*c\*\* · loss 0\.69 nats \(1\.00 bits\)/);
  });

  it('gives norm, change, gradient, its factor and region of the state', () => {
    const text = hoverText(report, probe, english);
    assert.ok(
      text.includes(
        '‖h‖ 3.25 · change 0.50 · gradient 5.0·10⁻⁵ of the target’s · gradient factor 0.90 · **vanishing** · input gradient 7.9·10⁻⁶',
      ),
      text,
    );
  });

  it('keeps one table of equal rows whatever the symbols are', () => {
    const rows = hoverText(report, probe, english)
      .split('\n')
      .filter((line) => line.startsWith('|'));
    const cells = rows.map((row) => row.replaceAll('\\|', '').split('|').length);
    assert.equal(new Set(cells).size, 1, rows.join('\n'));
    // Head, alignment, and the longer of: three predictions; two contributions and their sum.
    assert.equal(rows.length, 5);
  });

  it('shows contributions with their sign, their distance and their sum, and what they ignore', () => {
    const text = hoverText(report, probe, english);
    assert.ok(text.includes('2 back') && text.includes('5 back'));
    assert.ok(text.includes('−1.50') && text.includes('+0.75') && text.includes('**−0.70**'));
    assert.match(text, /Gates are treated as fixed/);
  });

  it('says of the first token that nothing predicts it, and of the last that it has no state', () => {
    const first = hoverText({ ...report, token: 0, loss: null, predictions: [], contributions: null }, probe, english);
    assert.match(first, /nothing predicts it/);
    assert.doesNotMatch(first, /\|/);
    assert.match(hoverText({ ...report, layers: [] }, probe, english), /it has no state/);
  });

  it('of layers that are no recurrent ones gives the gradient by what they read, and says what is held fixed of them', () => {
    const attention: TokenReport = {
      ...report,
      layers: [],
      inputs: [
        { layer: 0, gradient: -1.5, region: null },
        { layer: 1, gradient: -Infinity, region: 'vanishing' },
        { layer: 2, gradient: null, region: null },
      ],
      contributions: { ...report.contributions!, heldFixed: ['hover.attentionHeldFixed'] },
    };
    const text = hoverText(attention, probe, english);
    assert.match(text, /Layer 1: input gradient 3\.2·10⁻²/i);
    assert.match(text, /Layer 2: input gradient 0 · \*\*vanishing\*\*/i);
    assert.match(text, /Layer 3: cannot reach the target/i);
    assert.match(text, /\*Attention weights are treated as fixed:/);
    assert.doesNotMatch(text, /Gates|it has no state/);
  });

  it('names the head through which most of a token’s part came, with its own part and, of several layers, with its layer', () => {
    const head = { layer: 1, head: 2, score: -1.25 };
    const [first, second] = report.contributions!.strongest;
    const contributions = { ...report.contributions!, strongest: [{ ...first, head }, second] };
    const text = (inputs: TokenReport['inputs']) =>
      hoverText({ ...report, layers: [], inputs, contributions }, probe, english);
    const input = (layer: number) => ({ layer, gradient: -1, region: null });
    assert.match(text([input(0), input(1)]), /2 back · mostly head 3 of layer 2: −1\.25 \|/);
    assert.match(text([input(0)]), /2 back · mostly head 3: −1\.25 \|/);
    assert.match(text([input(0)]), /5 back \|/);
  });

  it('has no contributions and no word on gates for a vanilla RNN', () => {
    assert.doesNotMatch(hoverText({ ...report, contributions: null }, probe, english), /\d back|gates/);
  });

  it('says where integrated gradients start from', () => {
    const text = hoverText(
      { ...report, contributions: { ...report.contributions!, method: 'integratedGradients' } },
      probe,
      english,
    );
    assert.match(text, /input of zeros/);
    assert.doesNotMatch(text, /gates/);
  });

  it('leads from each contributing token to its place, and from the token to its target, the panel and other methods', () => {
    const links = [...hoverText(report, probe, english).matchAll(/\]\(command:([\w.]+)\?([^ )]*) "[^"]+"\)/g)].map(
      ([, command, query]) => [command, decodeURIComponent(query)],
    );
    assert.deepEqual(links, [
      ['backflow.pinTarget', '[5]'],
      ['backflow.openPanelAt', '[5]'],
      ['backflow.revealToken', '[3]'],
      ['backflow.revealToken', '[0]'],
      ['backflow.attribute', '[5,"integratedGradients"]'],
      ['backflow.attribute', '[5,"gradientTimesInput"]'],
    ]);
  });

  it('draws bars of one width, so that columns stay in line', () => {
    for (const share of [0, 0.01, 0.5, 0.99, 1, 7]) assert.equal(bar(share).length, bar(0).length);
    for (const share of [-9, -1, -0.4, 0, 0.3, 1]) assert.equal(signedBar(share).length, signedBar(0).length);
    assert.ok(signedBar(-1).startsWith('█') && signedBar(1).endsWith('█'));
  });

  it('writes powers of ten to a tenth of the mantissa', () => {
    assert.equal(powerOfTen(-Infinity), '0');
    assert.equal(powerOfTen(0), '1.0');
    assert.equal(powerOfTen(Math.log10(4.6e-17)), '4.6·10⁻¹⁷');
    assert.equal(powerOfTen(Math.log10(9.97e5)), '1.0·10⁶');
    assert.equal(powerOfTen(-350.25), '5.6·10⁻³⁵¹');
  });
});

describe('the hover’s text of other tokens than characters', () => {
  const place = { line: 0, character: 0 };

  it('says what the model reads for a word that it does not know, and what stands in the text', () => {
    const words = probeText('once a dragon', 'word', 0, place, 10)!;
    const unknown: TokenReport = { ...report, token: 4, symbol: '<unk>', contributions: null };
    assert.match(hoverText(unknown, words, english), /^\*\*dragon\*\* · read as \*\*\\<unk\\>\*\* · loss 0\.69 nats/);
    assert.match(hoverText({ ...unknown, symbol: 'dragon' }, words, english), /^\*\*dragon\*\* · loss/);
  });

  it('shows a contributing word between its neighbors, the spaces too that are no tokens', () => {
    const words = probeText('the wall of the village', 'word', 0, place, 20)!;
    assert.equal(inContext(words, 2), 'the␣ **wall** ␣');
    assert.equal(inContext(probeText('the wall of the village', 'whitespace', 0, place, 20)!, 1), 'the **wall** of');
  });

  it('names bytes by themselves, their character and which of it they are', () => {
    const bytes = probeText('a한b', 'byte', 0, place, 10)!;
    const reports = [0.5, 0.25, 0.125].map((loss, i): TokenReport => ({
      ...report,
      token: 1 + i,
      symbol: ['\\xED', '\\x95', '\\x9C'][i],
      loss: loss * Math.LN2,
    }));
    assert.match(hoverText(reports[1], bytes, english), /^\*\*\\\\x95\*\* · loss 0\.17 nats \(0\.25 bits\)/);
    assert.equal(characterHeading(reports, bytes, english), '**한** · 3 tokens · loss 0.61 nats (0.88 bits)');
    assert.equal(characterHeading([{ ...reports[0], loss: null }, reports[1]], bytes, english), '**한** · 2 tokens');
    assert.deepEqual(
      [0, 1, 2, 3, 4].map((token) => ordinal(bytes, token)),
      ['', ' 1/3', ' 2/3', ' 3/3', ''],
    );
    assert.equal(inContext(bytes, 2), 'a **한** 2/3 b');
  });
});

describe('symbols in Markdown', () => {
  it('make what is invisible visible', () => {
    assert.equal(markdownSymbols('a b\r\n\t'), 'a␣b␍⏎⇥');
    assert.equal(visibleSymbol('\u200b'), 'U+200B');
    assert.equal(visibleSymbol('\u0301'), '◌\u0301');
    assert.equal(visibleSymbol('🙂'), '🙂');
    assert.equal(visibleSymbol('\r\n'), '␍⏎');
    assert.equal(visibleSymbol('  \u202e'), '␣␣U+202E');
  });

  it('leave a grapheme cluster in one piece', () => {
    for (const cluster of ['👨‍👩‍👧', '🇰🇷', 'e\u0301', '\u1112\u1161\u11ab', '🏴\u{e0067}\u{e0062}\u{e007f}'])
      assert.equal(visibleSymbol(cluster), cluster);
  });

  it('never act as markup, HTML, a link or an icon', () => {
    const hostile = '**b** [x](command:y) <img src=x> $(bug) `c` | # & ~ \\';
    const escaped = escapeMarkdown(hostile);
    assert.equal(escaped.replaceAll(/\\(.)/g, '$1'), hostile);
    assert.doesNotMatch(escaped, /(^|[^\\])(\\\\)*[*[\]<>$`|#&~(]/);
  });
});

describe('the hover’s text in graph mode', () => {
  const series = (name: string): GraphTokenReport['series'][number] => ({
    name,
    role: 'state',
    norm: 1.5,
    gradient: -4.3,
    region: 'vanishing',
  });
  const ofGraph: GraphTokenReport = {
    token: 5,
    symbol: 'c',
    loss: Math.LN2,
    predictions: report.predictions,
    series: [series('/cell/Add_1'), { ...series('h*'), gradient: null, region: null }],
    contributions: report.contributions!.strongest,
  };

  it('has a line for each tensor, by its name', () => {
    const text = hoverText(ofGraph, probe, english);
    assert.ok(text.includes('\\/cell\\/Add\\_1: ‖s‖ 1.50 · gradient 5.0·10⁻⁵ of the target’s · **vanishing**'), text);
    assert.ok(text.includes('h\\*: ‖s‖ 1.50\n'), text);
  });

  it('names as many as there is room for, and counts the others', () => {
    const many = Array.from({ length: 20 }, (_, i) => series(`t${i}`));
    const text = hoverText({ ...ofGraph, series: many }, probe, english);
    assert.match(text, /t5: .*\n\n… and 14 other tensors, in the panel/);
    assert.doesNotMatch(text, /t6:/);
  });

  it('gives gradient times input, without a sum, and offers no method that there is not', () => {
    const text = hoverText(ofGraph, probe, english);
    assert.match(text, /\| Gradient × input \|.*for the logit/);
    assert.match(text, /to first order only/);
    assert.doesNotMatch(text, /all tokens|Integrated gradients/);
  });

  it('says of the last token that it is not read', () => {
    assert.match(hoverText({ ...ofGraph, series: [] }, probe, english), /is only predicted, not read/);
  });
});

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import type { InspectReport, LayerReport, OpenResult } from '../../../src/protocol/engine';
import { defaultThresholds } from '../../../src/protocol/settings';
import { drawFlow, drawLegend, rowsOf, type Canvas } from '../../../src/terminal/flowDrawing';
import { flowInWords } from '../../../src/terminal/flowWords';
import { glyphOf, harmless, widthOf } from '../../../src/terminal/glyphs';
import { writeReport } from '../../../src/terminal/inspectJson';
import { MatrixDrawing } from '../../../src/terminal/matrixDrawing';
import { Output } from '../../../src/terminal/output';
import { paintRatio, ratioCharacter } from '../../../src/terminal/paint';
import { progressLine } from '../../../src/terminal/progressLine';

const escape = String.fromCharCode(27);
const plain = (line: string) => line.replace(new RegExp(`${escape}\\[[0-9;]*m`, 'g'), '');

function layerOf(
  layer: number,
  log10: number[],
  target = log10.length - 1,
  horizon: number | null = null,
): LayerReport {
  const steps = new Float64Array(log10.length);
  const flow = { target, log10: Float64Array.from(log10), horizon, level: null };
  return {
    layer,
    direction: 'forward',
    kind: 'rnn',
    states: [{ name: 'hidden', width: 1, norm: steps, total: steps, flow }],
  };
}

function reportOf(text: string, layers: LayerReport[], regions: InspectReport['regions'] = []): InspectReport {
  return {
    loss: 1,
    tokens: Array.from(text),
    starts: new Uint32Array(),
    ends: new Uint32Array(),
    layers,
    parameters: [],
    output: { W: 1, b: 1 },
    embedding: null,
    parameterNorms: {},
    inputs: [],
    regions,
    matrix: null,
    nonFinite: null,
    underflow: null,
    inputMatrix: null,
  };
}

const canvas = { columns: 40, depth: 1, thresholds: defaultThresholds };

describe('a token in a terminal', () => {
  it('takes two columns when it is wide', () => {
    for (const [symbol, width] of [
      ['a', 1],
      ['한', 2],
      ['字', 2],
      ['😀', 2],
      ['é', 1],
      ['　', 2],
      ['\n', 1],
    ] as const) {
      assert.equal(widthOf(glyphOf(symbol)), width, symbol);
    }
  });

  it('shows what has no look of its own, and takes a column for it', () => {
    assert.deepEqual(['\n', '\t', '\r', '\x1b', '\u0301', '\u200d', '\u202e', '\u009b', '\ufeff'].map(glyphOf), [
      '⏎',
      '⇥',
      '␍',
      '␛',
      '◌\u0301',
      '�',
      '�',
      '�',
      '�',
    ]);
    for (const symbol of ['\u0301', '\u200d', '\x1b', '\u1161']) assert.equal(widthOf(glyphOf(symbol)), 1);
  });

  it('cannot control the terminal', () => {
    assert.equal(harmless(`a\n\t${escape}]0;title\u0007 한\u009b2J`), 'a\n\t␛]0;title␇ 한�2J');
  });
});

function drawn(report: InspectReport, on: Canvas): string[] {
  return drawFlow(report.tokens, report.layers[0].states[0].flow.target, rowsOf(report, on.thresholds), on);
}

describe('the flow in a terminal', () => {
  it('puts the top layer first, the scale’s ends at twice the thresholds and the target in the middle', () => {
    const report = reportOf('abcdef', [layerOf(0, [-9, -7, -4, 3, 5, -1]), layerOf(1, [-1, -1, -1, -1, -1, -1])]);
    assert.deepEqual(drawn(report, canvas), [
      'text     abcdef',
      'layer 2  ▅▅▅▅▅▅',
      'layer 1  ▁▁▃██▅',
      '              ^',
      '',
    ]);
  });

  it('gives each state of a layer a row and a sentence', () => {
    const layer = layerOf(0, [-1, -1, -1]);
    const [hidden] = layer.states;
    const flow = { target: 2, log10: Float64Array.from([-4.5, -3.5, 0]), horizon: 1, level: null };
    const lstm: LayerReport = { ...layer, kind: 'lstm', states: [hidden, { ...hidden, name: 'cell', flow }] };
    const report = reportOf('abc', [lstm]);
    assert.deepEqual(drawn(report, canvas).slice(1, 3), ['layer 1 h  ▅▅▅', 'layer 1 c  ▂▃▅']);
    assert.deepEqual(flowInWords(report.tokens, rowsOf(report, defaultThresholds), defaultThresholds), [
      'Layer 1 h: the gradient stays over 10^-3 of its size at the target for all 2 tokens.',
      'Layer 1 c: the gradient falls under 10^-3 of its size at the target after 1 token.',
      '  vanishing at steps 0 to 1: “ab”',
    ]);
  });

  it('gives of a series that is level the level and the slope, and no horizon, as it does of a layer without states by what it reads', () => {
    const log10 = Float64Array.from([-3.01, -2.99, -3.01, 0]);
    const flow = { target: 3, log10, horizon: 1, level: { log10: -3.003, slope: -0.0001 } };
    const layer: LayerReport = { layer: 0, direction: 'forward', kind: 'attention', states: [] };
    const report = { ...reportOf('abcd', [layer]), inputs: [{ boundary: 0, total: log10, flow }] };
    const [first] = flowInWords(report.tokens, rowsOf(report, defaultThresholds), defaultThresholds);
    assert.equal(
      first,
      'Layer 1 x^0: the gradient is level: near and far alike it is on average about 9.93e-4 of its size at the target (slope 0.000 nats per token).',
    );
  });

  it('counts the tokens at which a gradient that dipped under the threshold is over it again', () => {
    const layer = layerOf(0, [-1, -1, -3.2, -1, 0]);
    const flow = { target: 4, log10: Float64Array.from([-1, -1, -3.2, -1, 0]), horizon: 2, level: null };
    const report = reportOf('abcde', [{ ...layer, states: [{ ...layer.states[0], flow }] }]);
    const [first] = flowInWords(report.tokens, rowsOf(report, defaultThresholds), defaultThresholds);
    assert.equal(
      first,
      'Layer 1: the gradient falls under 10^-3 of its size at the target after 2 tokens, and is over it again at 2 of the 3 tokens farther off.',
    );
  });

  it('looks at both sides of a target that a gradient leads to from both, below a layer of two directions', () => {
    // From the first token on: of the direction's own side there is none.
    const words = (log10: number[]) => {
      const layer = layerOf(0, log10, 0);
      const flow = { target: 0, log10: Float64Array.from(log10), horizon: null, level: null };
      const report = reportOf('abcde', [{ ...layer, states: [{ ...layer.states[0], flow }] }]);
      return flowInWords(report.tokens, rowsOf(report, defaultThresholds), defaultThresholds)[0];
    };
    assert.equal(
      words([0, -1, -4, -4, -5]),
      'Layer 1: the gradient falls under 10^-3 of its size at the target after 2 tokens.',
    );
    assert.equal(
      words([0, -1, -2, -2, -2]),
      'Layer 1: the gradient stays over 10^-3 of its size at the target for all 4 tokens.',
    );
  });

  it('says of what is not finite that it is not, and no more', () => {
    const none = { target: 2, log10: new Float64Array(3).fill(NaN), horizon: null, level: null };
    const overflowed = { target: 2, log10: Float64Array.from([Infinity, 2, 0]), horizon: null, level: null };
    for (const flow of [none, overflowed]) {
      const layer = layerOf(0, [-1, -1, -1]);
      const report = reportOf('abc', [{ ...layer, states: [{ ...layer.states[0], flow }] }]);
      const [first] = flowInWords(report.tokens, rowsOf(report, defaultThresholds), defaultThresholds);
      assert.equal(first, 'Layer 1: the gradient is not finite.');
    }
  });

  it('leaves what cannot reach the target blank, and shows exactly zero as zero', () => {
    const [, row] = drawn(reportOf('abcd', [layerOf(0, [-Infinity, -2, -2, NaN], 2)]), canvas);
    assert.equal(row, 'layer 1  0▅▅ ');
  });

  it('wraps to the terminal, without cutting a wide character', () => {
    const text = '안녕하세요 hello 😀 세상 world '.repeat(4);
    const report = reportOf(text, [
      layerOf(
        0,
        Array.from(text, () => 0),
      ),
    ]);
    for (const columns of [20, 33, 34, 80]) {
      for (const depth of [1, 8, 24]) {
        const lines = drawn(report, { ...canvas, columns, depth }).map(plain);
        for (const line of lines) assert.ok(widthOf(line) < columns, `${widthOf(line)} of ${columns}: ${line}`);
        const shown = lines
          .filter((line) => line.startsWith('text'))
          .map((line) => line.slice('layer 1  '.length))
          .join('');
        assert.equal(shown, text);
        lines.forEach((line, i) => {
          if (line.startsWith('text'))
            assert.equal(widthOf(lines[i + 1]), widthOf(line), 'cells lie under their tokens');
        });
      }
    }
  });

  it('paints cells by size, and marks regions in them', () => {
    const report = reportOf(
      'abcd',
      [layerOf(0, [-6, -3, 2, 0])],
      [
        { layer: 0, direction: 'forward', kind: 'vanishing', from: 0, to: 1 },
        { layer: 0, direction: 'forward', kind: 'exploding', from: 2, to: 2 },
      ],
    );
    const row = drawn(report, { ...canvas, depth: 24 })[1];
    assert.equal(plain(row), 'layer 1  ..! ');
    const blueOf = (ratio: number) =>
      /48;2;(\d+);\d+;(\d+)m/
        .exec(paintRatio(' ', ratio, defaultThresholds, 24))!
        .slice(1)
        .map(Number);
    assert.ok(blueOf(-3)[1] > blueOf(-3)[0] && blueOf(2)[0] > blueOf(2)[1]);
    assert.deepEqual(blueOf(-6), blueOf(-60));
    assert.notDeepEqual(blueOf(-Infinity), blueOf(-6));
    assert.match(paintRatio(' ', -3, defaultThresholds, 8), /48;5;\d+m/);
  });

  it('uses a character no smaller for a gradient no smaller', () => {
    const drawn = Array.from({ length: 120 }, (_, i) => ratioCharacter(-7 + i / 10, defaultThresholds));
    assert.deepEqual(drawn, [...drawn].sort());
    assert.equal(new Set(drawn).size, 8);
  });

  it('is put in words', () => {
    const words = (layer: LayerReport, regions: InspectReport['regions'] = []) =>
      flowInWords(
        Array.from('héllo\nworld'),
        rowsOf(reportOf('héllo\nworld', [layer], regions), defaultThresholds),
        defaultThresholds,
      );
    const flat = Array.from({ length: 11 }, () => 0);
    assert.deepEqual(words(layerOf(0, flat)), [
      'Layer 1: the gradient stays over 10^-3 of its size at the target for all 10 tokens.',
    ]);
    assert.deepEqual(
      words(layerOf(0, [...flat.slice(1).map(() => -3.5), 0], 10, 1), [
        { layer: 0, direction: 'forward', kind: 'vanishing', from: 1, to: 6 },
      ]),
      [
        'Layer 1: the gradient falls under 10^-3 of its size at the target after 1 token.',
        '  vanishing at steps 1 to 6: “éllo⏎w”',
      ],
    );
    assert.deepEqual(words(layerOf(0, [0, ...flat.slice(1).map(() => NaN)], 0)), [
      'Layer 1: the target is the only step that can reach it.',
    ]);
    assert.deepEqual(
      words(
        layerOf(
          0,
          flat.map(() => -Infinity),
        ),
      ),
      ['Layer 1: the gradient at the target itself is exactly zero.'],
    );
  });

  it('has a legend that fits a terminal', () => {
    for (const depth of [1, 8, 24])
      for (const line of drawLegend({ ...canvas, depth })) assert.ok(plain(line).length < 110);
  });

  it('prints null for what JSON cannot say, and the matrices as their rows come', async () => {
    const sink = new PassThrough();
    const opened = { verification: null, notices: [] } as unknown as OpenResult;
    const report = reportOf('ab', [layerOf(0, [-Infinity, NaN])]);
    const rows = async function* (matrix: string) {
      yield Float64Array.from([matrix === 'matrix' ? 0 : 1, NaN]);
      yield Float64Array.from([-1, 0]);
      await Promise.resolve();
    };
    await writeReport(new Output(sink), report, opened, rows);
    const json = JSON.parse(String(sink.read())) as {
      layers: { flow: { log10: unknown }; totalCell: unknown }[];
      matrix: unknown;
      inputMatrix: unknown;
      notices: unknown;
    };
    assert.deepEqual(json.layers[0].flow.log10, [null, null]);
    assert.equal(json.layers[0].totalCell, null);
    assert.deepEqual(json.matrix, [
      [0, null],
      [-1, 0],
    ]);
    assert.deepEqual(json.inputMatrix, [
      [1, null],
      [-1, 0],
    ]);
    assert.deepEqual(json.notices, []);
    assert.deepEqual(Object.keys(json).slice(-9), [
      'regions',
      'matrix',
      'inputs',
      'parameterNorms',
      'nonFinite',
      'underflow',
      'inputMatrix',
      'mode',
      'notices',
    ]);
  });
});

describe('the matrix in a terminal', () => {
  const drawMatrix = (matrix: Float64Array) => {
    const size = Math.sqrt(matrix.length);
    const drawing = new MatrixDrawing(size, canvas);
    // In parts of three rows and what is left.
    for (let row = 0; row < size; row += 3) drawing.add(matrix.subarray(row * size, (row + 3) * size));
    return drawing.lines();
  };

  it('draws each row relative to its own target, and puts steps together when there are many', () => {
    const [, first, second] = drawMatrix(Float64Array.from([5, NaN, -1, 5]));
    assert.deepEqual([first, second], ['      0  ▅▅  ', '      1  ▁▁▅▅']);
    const size = 100;
    const lines = drawMatrix(
      Float64Array.from({ length: size * size }, (_, i) => (i % size > Math.floor(i / size) ? NaN : 0)),
    );
    assert.match(lines[0], /\(7 steps a cell\)/);
    assert.equal(lines.length, 1 + Math.ceil(size / 7));
    for (const line of lines.slice(1)) assert.ok(line.length <= 40);
  });
});

describe('the progress line', () => {
  const row = {
    step: 340,
    loss: 1.8321,
    gradientNorm: 3.2,
    clippedNorm: 1,
    tokens: 348_160,
    tokensPerSecond: 48_120,
    clippedFraction: 0,
  };
  const view = { row, isOfNumbers: false, steps: 1000, seconds: 7, firstStep: 1 };

  it('says the loss, the clipping, the speed and the time left', () => {
    assert.match(
      progressLine(view, 200, false),
      /^█+.? +▕ {2}step 340 of 1,000 {2}loss 1\.832 nats \(2\.643 bits\) {2}gradient 3\.200 clipped to 1\.000 {2}48,120 tokens\/s {2}14 s left$/,
    );
    assert.match(progressLine({ ...view, steps: null }, 200, false), /^step 340 {2}loss .* {2}7 s$/);
    assert.doesNotMatch(progressLine({ ...view, row: { ...row, clippedNorm: 3.2 } }, 200, false), /clipped/);
  });

  it('never wraps', () => {
    for (let columns = 5; columns < 140; columns++) {
      const line = plain(progressLine(view, columns, true));
      assert.ok(line.length < columns, `${line.length} of ${columns}`);
    }
  });
});

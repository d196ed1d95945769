/** The verdict on models of which a formula says what it must be. */
import assert from 'node:assert/strict';
import english from '../../../../l10n/bundle.l10n.json';
import korean from '../../../../l10n/bundle.l10n.ko.json';
import { Playground } from '../../../../src/engine/inspect/playground';
import type { ControlValues } from '../../../../src/layers/playground';
import type { CellName } from '../../../../src/layers/catalog';
import { pageStringsOf } from '../../../../src/messages';
import type { Frame } from '../../../../src/protocol/frame';
import { defaultPlayground } from '../../../../src/protocol/playground';
import { flowRows, inputRows, type FlowRow } from '../../../../webview/shared/flowRows';
import { Texts } from '../../../../webview/shared/texts';
import { verdict } from '../../../../webview/shared/verdict';

const texts = new Texts(pageStringsOf(english), 'en');
const playground = new Playground();

function said(frame: Frame, rows: readonly FlowRow[] = flowRows(frame), inLanguage = texts): string {
  return verdict(frame.header, rows, inLanguage)
    .map(({ text }) => text)
    .join('');
}

async function frameOf(cell: CellName, values: ControlValues, length = 64): Promise<Frame> {
  const settings = { ...defaultPlayground, cell, values, length };
  return (await playground.run(settings, { vanishing: -3, exploding: 2 })).frame;
}

const linear = (gain: number) => frameOf('rnn', { activation: 'linear', matrix: 'orthogonal', gain });

/** The frame with other values of its states' flow. */
function withFlow(frame: Frame, change: (value: number, step: number) => number): Frame {
  const data = frame.data.slice();
  for (const { name, offset } of frame.header.series)
    if (name === 'flow') frame.header.tokens.forEach((_, t) => (data[offset + t] = change(data[offset + t], t)));
  return { ...frame, data };
}

describe('the verdict on models with a known answer', () => {
  it('of a linear cell with an orthogonal matrix of scale g is g to the lag', async () => {
    // 0.7¹⁹ = 1.1·10⁻³, 0.7²⁰ = 8·10⁻⁴.
    assert.match(
      said(await linear(0.7)),
      /^The gradient of this token falls below a thousandth after 20 tokens\. Before “[^”]+” it is below a thousandth\.$/,
    );
    // 1.5¹¹ = 86, 1.5¹² = 130.
    assert.equal(said(await linear(1.5)), 'The gradient of this token grows a hundredfold after 12 tokens.');
    assert.equal(
      said(await linear(1)),
      'The gradient of this token is level: near and far alike it is on average about 1.00 of its size at the target (slope 0.000 nats per token).',
    );
    // 0.95⁶³ = 0.04: no longer level, and far from a thousandth.
    assert.equal(
      said(await linear(0.95)),
      'The gradient of this token never falls below a thousandth over the 63 tokens before it.',
    );
  });

  it('of a minGRU without selectivity is (1 − z) to the lag', async () => {
    // z = σ(−2): 0.881⁵⁴ = 1.05·10⁻³.
    const frame = await frameOf('minGRU', { selectivity: 0, gateBias: -2 }, 128);
    assert.match(said(frame), /^The gradient of this token falls below a thousandth after 55 tokens\./);
  });

  it('of attention with equal weights is level, and no horizon', async () => {
    const frame = await frameOf('attention', {});
    const lowest = inputRows(frame).filter(({ isMain }) => isMain);
    assert.match(
      said(frame, lowest),
      /^The gradient of this token is level in the input of layer 1: near and far alike/,
    );
    assert.doesNotMatch(said(frame, lowest), /falls/);
  });

  it('counts the tokens at which a gradient that only dipped below a thousandth is back', async () => {
    const frame = await linear(0.5);
    // 0.5¹⁰ is below a thousandth; the first 30 tokens are given back a tenth.
    const rising = withFlow(frame, (value, t) => (t < 30 ? value - value - 1 : value));
    const relative = flowRows(rising)[0].relative;
    assert.ok(relative[0] > -3);
    assert.equal(
      said(rising),
      'The gradient of this token falls below a thousandth after 10 tokens. Farther back it is above that again at 30 of 54 tokens.',
    );
  });

  it('is no claim on a gradient that is no number, or zero at its own step alone', async () => {
    const frame = await linear(0.9);
    const { target } = frame.header;
    assert.equal(said(withFlow(frame, () => NaN)), 'The gradient of this token is not finite.');
    assert.equal(
      said(withFlow(frame, () => -Infinity)),
      'The loss at this token sends no gradient back: it is exactly zero at its own step.',
    );
    assert.equal(
      said(withFlow(frame, (value, t) => (t === target ? -Infinity : value))),
      'At its own step the gradient of this token is exactly zero, so that no other step has a size relative to it.',
    );
  });

  it('says in Korean what it says in English', async () => {
    const inKorean = new Texts(pageStringsOf(korean), 'ko');
    const frame = await linear(0.7);
    assert.match(
      said(frame, flowRows(frame), inKorean),
      /토큰 20개만큼 거슬러 가면 천분의 일 아래로 .* 천분의 일보다 작습니다\.$/,
    );
  });
});

/** What the hover says of one token: the heads through which the tokens before it spoke. */
import { strict as assert } from 'node:assert';
import { topContributions } from '../../../../src/core/float64/topContributions';
import { describeToken } from '../../../../src/engine/inspect/tokenReport';
import { type CellName } from '../../../../src/layers/catalog';
import { defaultThresholds } from '../../../../src/protocol/settings';
import { assertNear } from '../../../reference/compare';
import { inspectorOf } from '../../support/inspectors';

const letters = Array.from('abcde');
const text = 'abcdeedcbaabdceabc';
const hiddenSize = 8;

const smallOf = (cell: CellName, heads: number) =>
  inspectorOf({ cell, hiddenSize, letters, options: { heads }, embeddingSize: hiddenSize });

describe('what the hover says of a token', () => {
  it('names a head where more came through it than through all else, with its own part', async () => {
    const inspector = await smallOf('attention', 4);
    const look = await inspector.look(text, 'last', defaultThresholds);
    let named = 0;
    for (let token = 1; token < text.length; token++) {
      const { contributions } = await describeToken(look, token);
      const { heads, parts } = topContributions(look.trace, letters.indexOf(text[token]), token - 1)!;
      for (const { token: source, score, head } of contributions!.strongest) {
        const leading = heads.find(
          (each) => Math.abs(each.parts[source]) > Math.abs(parts[source] - each.parts[source]),
        );
        assertNear(score, parts[source], 1e-10, `token ${token}, source ${source}`);
        assert.deepEqual(
          head,
          leading && { layer: leading.layer, head: leading.head, score: leading.parts[source] },
          `token ${token}, source ${source}`,
        );
        if (head) named++;
      }
    }
    assert.ok(named > 0, 'some are');
  });

  it('names none in layers without heads', async () => {
    const look = await (await smallOf('mamba', 1)).look(text, 'last', defaultThresholds);
    const { contributions } = await describeToken(look, text.length - 1);
    assert.ok(contributions!.strongest.every((each) => !('head' in each)));
  });
});

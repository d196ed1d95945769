/** What the hover says of one token: the heads through which the tokens before it spoke. */
import { strict as assert } from 'node:assert';
import { Vocabulary } from '../../../../src/core/corpus/vocabulary';
import { topContributions } from '../../../../src/core/float64/topContributions';
import { plainStack, uniformModel } from '../../../../src/core/model/config';
import { generalModelOf } from '../../../../src/core/model/plainModel';
import { createBackend } from '../../../../src/engine/backend';
import { Inspector } from '../../../../src/engine/inspect/inspector';
import { describeToken } from '../../../../src/engine/inspect/tokenReport';
import { optionsOf, type CellName } from '../../../../src/layers/catalog';
import { defaultThresholds, surroundingsOf } from '../../../../src/protocol/settings';
import { assertNear } from '../../../reference/compare';
import { randomModel } from '../../support/models';

const letters = Array.from('abcde');
const text = 'abcdeedcbaabdceabc';
const hiddenSize = 8;

async function inspectorOf(cell: CellName, heads: number): Promise<Inspector> {
  const config = uniformModel({
    ...plainStack,
    ...surroundingsOf(cell),
    cell,
    activation: 'tanh',
    layers: 2,
    hiddenSize,
    vocabularySize: letters.length,
    embeddingSize: hiddenSize,
    options: optionsOf(cell, { heads }),
  });
  const { parameters } = randomModel(config, 3, 1);
  return new Inspector({
    general: generalModelOf(config, parameters),
    plain: { config, parameters },
    isLive: true,
    vocabulary: new Vocabulary(letters),
    backend: await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity),
  });
}

describe('what the hover says of a token', () => {
  it('names a head where more came through it than through all else, with its own part', async () => {
    const inspector = await inspectorOf('attention', 4);
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
    const look = await (await inspectorOf('mamba', 1)).look(text, 'last', defaultThresholds);
    const { contributions } = await describeToken(look, text.length - 1);
    assert.ok(contributions!.strongest.every((each) => !('head' in each)));
  });
});

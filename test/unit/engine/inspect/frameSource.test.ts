/** When frames are made where no training loop asks for them: none that is wanted may be forgotten. */
import assert from 'node:assert/strict';
import { FrameSource, type MakeFrame } from '../../../../src/engine/inspect/frameSource';
import { ModelLock } from '../../../../src/engine/modelLock';
import type { Watch } from '../../../../src/protocol/engine';
import type { Frame } from '../../../../src/protocol/frame';
import { watchOf } from '../../../engine/support/engineProcess';
import { syntheticFrame } from '../../../webview/synthetic';

/** A source whose frames are waited for. */
function sourceOf(whileMaking: (source: FrameSource, sequence: number) => void = () => undefined) {
  let came: (frame: Frame) => void = () => undefined;
  const make: MakeFrame = (_: Watch, sequence) => {
    whileMaking(source, sequence);
    return Promise.resolve(syntheticFrame({ sequence, tokens: 4, slopes: [-0.1], hiddenSize: 2 }));
  };
  const source: FrameSource = new FrameSource(
    make,
    new ModelLock(),
    { frame: (frame) => came(frame), watchFailed: () => assert.fail('the text can be read') },
    () => false,
    () => 7,
  );
  const next = () => new Promise<Frame>((resolve) => (came = resolve));
  return { source, next };
}

describe('frames of a model that is not training', () => {
  it('come after each change, also where the timer fires a little before the frame is due', async () => {
    const { source, next } = sourceOf();
    let frame = next();
    // No whole number of milliseconds.
    source.watch({ ...watchOf('abcde'), maxRate: 150 });
    for (let i = 1; i <= 40; i++) {
      const { header } = await frame;
      assert.equal(header.sequence, i);
      frame = next();
      source.frameDrawn(header.sequence);
      source.changed();
    }
    source.dispose();
  });

  it('come of a change while a frame is made, which is due only after that', async () => {
    const { source, next } = sourceOf((own, sequence) => {
      if (sequence === 1) own.changed();
    });
    const first = next();
    source.watch({ ...watchOf('abcde'), maxRate: 20 });
    await first;
    assert.equal((await next()).header.sequence, 2);
    source.dispose();
  });
});

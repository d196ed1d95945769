/** Files of other kinds are refused with the line that writes one that is read; an empty text with what it lacks. */
import assert from 'node:assert/strict';
import { textTooShort } from '../../../../src/engine/inspect/flows';
import { refuseOtherFormat } from '../../../../src/engine/model/otherFormats';

const pickle = Uint8Array.of(0x80, 2, 0x8a);
const onnx = Uint8Array.of(8, 8, 0x12);

describe('files that are no ONNX and no safetensors', () => {
  it('bare pickles are named, with what to do', () => {
    for (const file of ['model.pkl', 'best.PICKLE'])
      assert.throws(() => refuseOtherFormat(pickle, file), /is a pickle.* torch\.save\(model\.state_dict\(\)/);
  });

  it('any others are left to their readers', () => {
    for (const file of ['model.onnx', 'model.bin', 'model']) assert.doesNotThrow(() => refuseOtherFormat(onnx, file));
  });
});

it('a text of less than two tokens lacks what is predicted', () => {
  assert.match(textTooShort(0).message, /^There is nothing to inspect: the text is empty\./);
  assert.match(textTooShort(1).message, /the text has 1 token, and at least 2 are needed/);
});

import { float64Attention } from './float64Attention';
import { float64Mlp } from './float64Mlp';
import { float64Positions } from './float64Positions';
import { makeAttention } from './mixerAttention';
import { makeMlp } from './mixerMlp';
import { makePositions } from './mixerPositions';

export const sublayers = {
  positions: { make: makePositions, float64: float64Positions },
  mha: { make: makeAttention, float64: float64Attention },
  mlp: { make: makeMlp, float64: float64Mlp },
};

import { float64 } from './float64';
import { make } from './kernels';

export const sublayers = { '': { make, float64 } };

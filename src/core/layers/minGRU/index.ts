export { additive } from './additive';
export { float64 } from './float64';
export { kernels } from './kernels';

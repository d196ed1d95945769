/**
 * The numbers that the functions need, in memory: newer V8s put a vector of constants together again wherever one is used, by three
 * instructions; to load it takes one. The table lies below the arrays (`--memoryBase`; the arena leaves the place free); each thread of a thread pool writes
 * the same there when it begins.
 */
export const enum Constant {
  one,
  signBit,
  lowest,
  highest,
  inverseLn2,
  exponents,
  ln2High,
  ln2Low,
  exp6,
  exp5,
  exp4,
  exp3,
  exp2,
  tanh11,
  tanh9,
  tanh7,
  tanh5,
  tanh3,
  tanhBorder,
  leastNormal,
  minusHalf,
  densityOfZero,
  tailSlope,
  tail8,
  tail7,
  tail6,
  tail5,
  tail4,
  tail3,
  tail2,
  tail1,
  tail0,
  two,
  atanh13,
  atanh11,
  atanh9,
  atanh7,
  atanh5,
  atanh3,
  geluScale,
  geluCubic,
}

const table = memory.data<f32>([
  1,
  -0.0,
  -87,
  87,
  1.44269504,
  // Added to a float32, it leaves no place for a fraction; and the lowest bits of the sum are the whole number + 127, an exponent as float32 has it.
  12582912 + 127,
  // ln 2 in two parts, with a minus; the product of a small whole number with the first is exact in float32.
  -0.693359375,
  2.12194440e-4,
  // (e^r − 1 − r) / r² for |r| ≤ ½ ln 2, with the smallest relative error of e^r, 3e−9.
  1.38144673e-3,
  8.36878084e-3,
  4.16683927e-2,
  1.66665196e-1,
  4.99999940e-1,
  // (tanh x / x − 1) / x² for |x| ≤ 0.625, Cephes' tanhf.
  -5.70498872745e-3,
  2.06390887954e-2,
  -5.37397155531e-2,
  1.33314422036e-1,
  -3.33332819422e-1,
  0.625 * 0.625,
  // 2⁻¹²⁶
  1.17549435e-38,
  // Of the normal distribution: the factor of x² in its density, and 1/√(2π).
  -0.5,
  0.398942280,
  // Φ(−x) e^(x²/2) = P(1 / (1 + 0.3 x)) for x ≥ 0, with the smallest relative error of a polynomial of this degree, 6e−8.
  0.3,
  3.837770467e-2,
  -1.691636291e-1,
  2.286556587e-1,
  -7.650217670e-2,
  1.425330382e-1,
  9.468439368e-2,
  1.219201627e-1,
  1.194877088e-1,
  7.167985706e-6,
  2,
  // (artanh x / x − 1) / x² for |x| ≤ ⅓, the series.
  1.0 / 13.0,
  1.0 / 11.0,
  1.0 / 9.0,
  1.0 / 7.0,
  1.0 / 5.0,
  1.0 / 3.0,
  // 2 √(2/π), and the factor of the cube.
  1.59576912161,
  0.044715,
]);

@inline
export function constant(index: Constant): v128 {
  return v128.load32_splat(table + (<usize>index << 2));
}

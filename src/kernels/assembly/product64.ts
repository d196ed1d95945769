/**
 * The product in float64: out[m, n] += a[m, k] · b[k, n], b in panels of four columns, k × 4 each, the last one padded with zeros. Each element is one sum in
 * the order of k, every product and every sum rounded by itself: the bits of the plain loop, however rows are grouped. Four rows by four columns
 * are kept in registers; fewer rows are done as if the last were there several times.
 */
const panelWidth: usize = 4;

/** @param outStride from row to row in elements, as `aStride`  @param panel bytes from panel to panel */
export function multiplyAdd64(out: usize, outStride: usize, a: usize, aStride: usize, b: usize, panel: usize, m: usize, n: usize, k: usize): void {
  const right = outStride << 3;
  const left = aStride << 3;
  for (let j: usize = 0; j < n; j += panelWidth, b += panel) {
    const to = out + (j << 3);
    for (let i: usize = 0; i < m; i += 4) fourRows(to + i * right, right, a + i * left, left, b, m - i, k, n - j);
  }
}

/** @param width columns left, of which the panel's four are taken */
function fourRows(to0: usize, right: usize, a0: usize, left: usize, b: usize, rows: usize, k: usize, width: usize): void {
  const more = width > 2 ? width - 2 : 0;
  const to1 = to0 + (rows > 1 ? right : 0);
  const to2 = to1 + (rows > 2 ? right : 0);
  const to3 = to2 + (rows > 3 ? right : 0);
  let a1 = a0 + (rows > 1 ? left : 0);
  let a2 = a1 + (rows > 2 ? left : 0);
  let a3 = a2 + (rows > 3 ? left : 0);
  let c00 = load(to0, width);
  let c01 = load(to0 + 16, more);
  let c10 = load(to1, width);
  let c11 = load(to1 + 16, more);
  let c20 = load(to2, width);
  let c21 = load(to2 + 16, more);
  let c30 = load(to3, width);
  let c31 = load(to3 + 16, more);
  for (const end = b + (k << 5); b < end; b += 32) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load64_splat(a0);
    c00 = f64x2.add(c00, f64x2.mul(x, b0));
    c01 = f64x2.add(c01, f64x2.mul(x, b1));
    x = v128.load64_splat(a1);
    c10 = f64x2.add(c10, f64x2.mul(x, b0));
    c11 = f64x2.add(c11, f64x2.mul(x, b1));
    x = v128.load64_splat(a2);
    c20 = f64x2.add(c20, f64x2.mul(x, b0));
    c21 = f64x2.add(c21, f64x2.mul(x, b1));
    x = v128.load64_splat(a3);
    c30 = f64x2.add(c30, f64x2.mul(x, b0));
    c31 = f64x2.add(c31, f64x2.mul(x, b1));
    a0 += 8;
    a1 += 8;
    a2 += 8;
    a3 += 8;
  }
  store(to0, c00, width);
  store(to0 + 16, c01, more);
  store(to1, c10, width);
  store(to1 + 16, c11, more);
  store(to2, c20, width);
  store(to2 + 16, c21, more);
  store(to3, c30, width);
  store(to3 + 16, c31, more);
}

@inline
function load(from: usize, lanes: usize): v128 {
  if (lanes >= 2) return v128.load(from);
  return lanes === 1 ? v128.load64_zero(from) : f64x2.splat(0);
}

@inline
function store(to: usize, values: v128, lanes: usize): void {
  if (lanes >= 2) v128.store(to, values);
  else if (lanes === 1) f64.store(to, f64x2.extract_lane(values, 0));
}

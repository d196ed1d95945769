/** The way back through a QR decomposition. */

/**
 * From gradients by Q and by ln |R_jj| to the one by Y = Q R, all columns of which are independent:
 *   ∂Y = (∂Q + Q C) R⁻ᵀ,  C symmetric with the lower triangle of diag(∂ ln |R_jj|) − ∂Qᵀ Q
 * (Walter & Lehmann 2010, arXiv:1001.1654; R's own gradient is diagonal here, so that R ∂Rᵀ has no more in its lower triangle).
 * @param Q [n, k]  @param upper [k, k]: R, its lower part zero  @param logs [k]: ∂ ln |R_jj|
 * @param gradient [n, k], in: ∂Q, out: ∂Y
 */
export function orthonormalizeBack(
  Q: Float64Array,
  upper: Float64Array,
  logs: Float64Array,
  gradient: Float64Array,
  n: number,
  k: number,
): void {
  const C = new Float64Array(k * k);
  for (let u = 0; u < n; u++)
    for (let i = 0; i < k; i++) {
      const ofQ = gradient[u * k + i];
      for (let j = 0; j <= i; j++) C[i * k + j] -= ofQ * Q[u * k + j];
    }
  for (let i = 0; i < k; i++) {
    C[i * k + i] += logs[i];
    for (let j = 0; j < i; j++) C[j * k + i] = C[i * k + j];
  }
  const row = new Float64Array(k);
  for (let u = 0; u < n; u++) {
    for (let j = 0; j < k; j++) {
      let sum = gradient[u * k + j];
      for (let i = 0; i < k; i++) sum += Q[u * k + i] * C[i * k + j];
      row[j] = sum;
    }
    for (let i = k - 1; i >= 0; i--) {
      let sum = row[i];
      for (let j = i + 1; j < k; j++) sum -= upper[i * k + j] * gradient[u * k + j];
      gradient[u * k + i] = sum / upper[i * k + i];
    }
  }
}

/** One step of one layer, forward and backward, for the three cells. x [I], h and c [H]. */
import {
  add,
  addOuter,
  addTo,
  concatenate,
  map,
  multiply,
  multiplyTransposed,
  sigmoid,
  split,
  tanh,
  times,
} from './algebra';
import type { ReferenceActivation, ReferenceCellName, ReferenceLayer, ReferenceState, Vector } from './model';

/** What a step computed, which is all its backward needs. */
export interface ReferenceStep {
  readonly x: Vector;
  readonly before: ReferenceState;
  readonly after: ReferenceState;
  /** After activation, in ONNX order; for rnn the state itself. */
  readonly gates: readonly Vector[];
}

/** Gradients of one step. `c` is empty except for lstm. */
export interface ReferenceStepGradient {
  readonly x: Vector;
  /** With respect to the state before the step. `c`: its path through the next cell only, not through h. */
  readonly before: ReferenceState;
  /** With respect to the cell after the step, also through h = o ⊙ tanh(c): the total gradient of that node. */
  readonly totalCell: Vector;
}

interface Cell {
  forward(layer: ReferenceLayer, x: Vector, before: ReferenceState): ReferenceStep;
  /** `after`: the gradient reaching h after the step, and reaching c after the step from the next one. Adds to `gradient`. */
  backward(
    layer: ReferenceLayer,
    step: ReferenceStep,
    after: ReferenceState,
    gradient: ReferenceLayer,
  ): ReferenceStepGradient;
}

const none = new Float64Array(0);

/** dW += da xᵀ, dR += db hᵀ, dWb += da, dRb += db; returns Wᵀ da and Rᵀ db. */
function backwardAffine(
  layer: ReferenceLayer,
  step: ReferenceStep,
  da: Vector,
  db: Vector,
  gradient: ReferenceLayer,
): { x: Vector; h: Vector } {
  addOuter(gradient.W, da, step.x);
  addOuter(gradient.R, db, step.before.h);
  addTo(gradient.Wb, da);
  addTo(gradient.Rb, db);
  return { x: multiplyTransposed(layer.W, da), h: multiplyTransposed(layer.R, db) };
}

/** h' = φ(a),  a = W x + Wb + R h + Rb,  φ = tanh or relu */
function rnn(activation: ReferenceActivation): Cell {
  return {
    forward(layer, x, before) {
      const a = add(multiply(layer.W, x), layer.Wb, multiply(layer.R, before.h), layer.Rb);
      const h = activation === 'tanh' ? tanh(a) : a.map((entry) => Math.max(0, entry));
      return { x, before, after: { h, c: none }, gates: [h] };
    },
    // da = dh' ⊙ φ′(a);  tanh′ = 1 − h'²;  relu′ = [h' > 0]
    backward(layer, step, after, gradient) {
      const slope = step.after.h.map((h) => (activation === 'tanh' ? 1 - h * h : Number(h > 0)));
      const da = times(after.h, slope);
      const { x, h } = backwardAffine(layer, step, da, da, gradient);
      return { x, before: { h, c: none }, totalCell: none };
    },
  };
}

/**
 * i, o, f = σ(…),  g = tanh(…)  of  W x + Wb + R h + Rb  in the blocks i, o, f, c
 * c' = f ⊙ c + i ⊙ g
 * h' = o ⊙ tanh(c')
 */
const lstm: Cell = {
  forward(layer, x, before) {
    const [ai, ao, af, ag] = split(add(multiply(layer.W, x), layer.Wb, multiply(layer.R, before.h), layer.Rb), 4);
    const [i, o, f, g] = [sigmoid(ai), sigmoid(ao), sigmoid(af), tanh(ag)];
    const c = add(times(f, before.c), times(i, g));
    return { x, before, after: { h: times(o, tanh(c)), c }, gates: [i, o, f, g] };
  },
  // dc' (total) = dc' (from the next step) + dh' ⊙ o ⊙ (1 − tanh²c')
  // do = dh' ⊙ tanh(c'),  di = dc' ⊙ g,  dg = dc' ⊙ i,  df = dc' ⊙ c,  dc = dc' ⊙ f
  // σ′ = s (1 − s),  tanh′ = 1 − g²
  backward(layer, step, after, gradient) {
    const [i, o, f, g] = step.gates;
    const tanhCell = tanh(step.after.c);
    const dCell = add(
      after.c,
      map((dh, out, t) => dh * out * (1 - t * t), after.h, o, tanhCell),
    );
    const da = concatenate(
      map((dc, in_, new_) => dc * new_ * in_ * (1 - in_), dCell, i, g),
      map((dh, out, t) => dh * t * out * (1 - out), after.h, o, tanhCell),
      map((dc, forget, c) => dc * c * forget * (1 - forget), dCell, f, step.before.c),
      map((dc, in_, new_) => dc * in_ * (1 - new_ * new_), dCell, i, g),
    );
    const { x, h } = backwardAffine(layer, step, da, da, gradient);
    return { x, before: { h, c: times(dCell, f) }, totalCell: dCell };
  },
};

/**
 * a = W x + Wb,  b = R h + Rb,  in the blocks z, r, h
 * z = σ(a_z + b_z),  r = σ(a_r + b_r)
 * n = tanh(a_h + r ⊙ b_h)          (linear_before_reset = 1)
 * h' = (1 − z) ⊙ n + z ⊙ h
 */
const gru: Cell = {
  forward(layer, x, before) {
    const [az, ar, an] = split(add(multiply(layer.W, x), layer.Wb), 3);
    const [bz, br, bn] = split(add(multiply(layer.R, before.h), layer.Rb), 3);
    const [z, r] = [sigmoid(add(az, bz)), sigmoid(add(ar, br))];
    const n = tanh(add(an, times(r, bn)));
    const h = map((zk, nk, hk) => (1 - zk) * nk + zk * hk, z, n, before.h);
    return { x, before, after: { h, c: none }, gates: [z, r, n] };
  },
  // dn = dh' ⊙ (1 − z) ⊙ (1 − n²) before the tanh,  dz = dh' ⊙ (h − n) ⊙ z (1 − z),  dr = dn ⊙ b_h ⊙ r (1 − r)
  // db_h = dn ⊙ r;  dh = dh' ⊙ z + Rᵀ db
  backward(layer, step, after, gradient) {
    const [z, r, n] = step.gates;
    const bn = split(add(multiply(layer.R, step.before.h), layer.Rb), 3)[2];
    const dn = map((dh, zk, nk) => dh * (1 - zk) * (1 - nk * nk), after.h, z, n);
    const dz = map((dh, hk, nk, zk) => dh * (hk - nk) * zk * (1 - zk), after.h, step.before.h, n, z);
    const dr = map((d, b, rk) => d * b * rk * (1 - rk), dn, bn, r);
    const { x, h } = backwardAffine(layer, step, concatenate(dz, dr, dn), concatenate(dz, dr, times(dn, r)), gradient);
    return { x, before: { h: add(h, times(after.h, z)), c: none }, totalCell: none };
  },
};

export function referenceCell(cell: ReferenceCellName, activation: ReferenceActivation): Cell {
  return { rnn: rnn(activation), lstm, gru }[cell];
}

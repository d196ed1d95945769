/** ONNX's activation functions and their first and second derivatives, in float64. */
import type { ActivationForm, ActivationName } from '../model/generalModel';

interface FunctionOfForm {
  value(x: number, alpha: number, beta: number): number;
  /** From x and y = f(x): to the last digits also where y is saturated. */
  slope(x: number, y: number, alpha: number, beta: number): number;
  /** f″, where the slope does not jump. */
  curvature(x: number, alpha: number, beta: number): number;
}

/** 1 − tanh² x. */
function tanhSlope(x: number): number {
  const e = Math.exp(-2 * Math.abs(x));
  return (4 * e) / (1 + e) ** 2;
}

/** σ (1 − σ). */
function logisticSlope(x: number): number {
  const e = Math.exp(-Math.abs(x));
  return e / (1 + e) ** 2;
}

/** 1 above `edge`, 0 elsewhere; of what is no number none, which must not be taken for a dead unit. */
function stepAt(edge: number, x: number): number {
  return x > edge ? 1 : x <= edge ? 0 : NaN;
}

const functions: Readonly<Record<ActivationName, FunctionOfForm>> = {
  affine: { value: (x, alpha, beta) => alpha * x + beta, slope: (_, __, alpha) => alpha, curvature: () => 0 },
  elu: {
    value: (x, alpha) => (x >= 0 ? x : alpha * Math.expm1(x)),
    slope: (x, _, alpha) => (x >= 0 ? 1 : alpha * Math.exp(x)),
    curvature: (x, alpha) => (x >= 0 ? 0 : alpha * Math.exp(x)),
  },
  hardsigmoid: {
    value: (x, alpha, beta) => Math.max(0, Math.min(1, alpha * x + beta)),
    slope: (x, _, alpha, beta) => alpha * stepAt(0, alpha * x + beta) * stepAt(-1, -(alpha * x + beta)),
    curvature: () => 0,
  },
  leakyrelu: {
    value: (x, alpha) => (x >= 0 ? x : alpha * x),
    slope: (x, _, alpha) => (x > 0 ? 1 : x <= 0 ? alpha : NaN),
    curvature: () => 0,
  },
  relu: { value: (x) => Math.max(0, x), slope: (x) => stepAt(0, x), curvature: () => 0 },
  scaledtanh: {
    value: (x, alpha, beta) => alpha * Math.tanh(beta * x),
    slope: (x, _, alpha, beta) => alpha * beta * tanhSlope(beta * x),
    curvature: (x, alpha, beta) => -2 * alpha * beta * beta * Math.tanh(beta * x) * tanhSlope(beta * x),
  },
  sigmoid: {
    value: (x) => 1 / (1 + Math.exp(-x)),
    slope: (x) => logisticSlope(x),
    // 1 − 2σ = −tanh ½x
    curvature: (x) => -logisticSlope(x) * Math.tanh(x / 2),
  },
  softplus: {
    value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    slope: (x) => 1 / (1 + Math.exp(-x)),
    curvature: (x) => logisticSlope(x),
  },
  softsign: {
    value: (x) => x / (1 + Math.abs(x)),
    slope: (x) => 1 / (1 + Math.abs(x)) ** 2,
    curvature: (x) => (-2 * Math.sign(x)) / (1 + Math.abs(x)) ** 3,
  },
  tanh: {
    value: (x) => Math.tanh(x),
    slope: (x) => tanhSlope(x),
    curvature: (x) => -2 * Math.tanh(x) * tanhSlope(x),
  },
  thresholdedrelu: {
    value: (x, alpha) => (x > alpha ? x : stepAt(alpha, x)),
    slope: (x, _, alpha) => stepAt(alpha, x),
    curvature: () => 0,
  },
};

/** One activation of a layer, its input cut to ± clip. */
export interface ActivationFunction {
  value(x: number): number;
  /** y = value(x). */
  slope(x: number, y: number): number;
  /** The second derivative, where the slope does not jump. */
  curvature(x: number): number;
}

/** @param clip null for no limit */
export function activationOf({ name, alpha, beta }: ActivationForm, clip: number | null): ActivationFunction {
  const f = functions[name];
  if (clip === null)
    return {
      value: (x) => f.value(x, alpha, beta),
      slope: (x, y) => f.slope(x, y, alpha, beta),
      curvature: (x) => f.curvature(x, alpha, beta),
    };
  return {
    value: (x) => f.value(Math.max(-clip, Math.min(clip, x)), alpha, beta),
    slope: (x, y) => (Math.abs(x) >= clip ? 0 : f.slope(x, y, alpha, beta)),
    curvature: (x) => (Math.abs(x) >= clip ? 0 : f.curvature(x, alpha, beta)),
  };
}

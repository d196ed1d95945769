/** How the form of a layer is named, in ONNX's words. */
import { isActivation } from '../../layers/activation';
import { kindOf } from '../../layers/catalog';
import type { ActivationName, GeneralLayer } from './generalModel';

/** What differs from the form that PyTorch knows, as ONNX names it; empty for the usual form. */
export function unusualForm({ cell, clip, linearBeforeReset, inputForget, directions }: GeneralLayer): string[] {
  const usual = kindOf(cell).onnx?.activations ?? [];
  const names = directions[0].activations.map(({ name }) => name);
  const isUsual = names.every((name, i) => (usual[i] === 'chosen' ? isActivation(name) : name === usual[i]));
  const titled = names.map((name) => operatorName(name));
  return [
    ...(clip === null ? [] : [`clip = ${clip}`]),
    ...(linearBeforeReset ? [] : ['linear_before_reset = 0']),
    ...(inputForget ? ['input_forget = 1'] : []),
    ...(directions.some(({ peepholes }) => peepholes) ? ['P'] : []),
    ...(isUsual ? [] : [`activations = ${titled.join(', ')}`]),
    ...kindOf(cell).states.flatMap(({ symbol }, state) =>
      directions.some(({ initialStates }) => initialStates[state]) ? [`initial_${symbol}`] : [],
    ),
  ];
}

const titles: Readonly<Partial<Record<ActivationName, string>>> = {
  hardsigmoid: 'HardSigmoid',
  leakyrelu: 'LeakyRelu',
  scaledtanh: 'ScaledTanh',
  thresholdedrelu: 'ThresholdedRelu',
};

/** As ONNX writes it. */
export function operatorName(name: ActivationName): string {
  return titles[name] ?? name.charAt(0).toUpperCase() + name.slice(1);
}

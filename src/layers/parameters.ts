/** What a kind of layer is told apart by when it is written to files, counted, drawn and trained: its parameters, in one direction. */

/** G·H, H or I. */
export type ParameterSize = 'gates' | 'hidden' | 'input';

export interface ParameterDescription {
  /** In equations, in files of the runs and in reports. */
  readonly role: string;
  /** A matrix of G·H rows is G blocks, one below the other. */
  readonly shape: readonly ParameterSize[];
  /**
   * As the setting has it for weights of the input, recurrent weights or biases; or uniform between two numbers, whatever the setting. Of `linear`
   * the same as weights of the input or, of a vector, biases, but that PyTorch's initialization is that of `nn.Linear` and not of its recurrent modules.
   */
  readonly initialization: 'input' | 'recurrent' | 'bias' | 'linear' | { readonly between: readonly [number, number] };
  /** The tensor of a checkpoint it is kept in, which of a kind with an ONNX operator is that operator's input: parameters of one tensor follow one another. */
  readonly tensor: string;
  /** In the PyTorch module, before `_l0`; of a layer that is a module of its own, behind the module's name and a dot. Null where PyTorch has none, then reports name it by its role. */
  readonly torch: string | null;
}

/** The parameters that are computed for every kind in the same way. A kind may lack them, all but W; what else it has is its own. */
export const sharedRoles = ['W', 'R', 'Wb', 'Rb'] as const;
export type SharedRole = (typeof sharedRoles)[number];

/** What multiplies x_t, of all gates. */
export const inputWeights = {
  role: 'W',
  shape: ['gates', 'input'],
  initialization: 'input',
  tensor: 'W',
  torch: 'weight_ih',
} as const;
/** What multiplies h_{t−1}. */
export const recurrentWeights = {
  role: 'R',
  shape: ['gates', 'hidden'],
  initialization: 'recurrent',
  tensor: 'R',
  torch: 'weight_hh',
} as const;
export const inputBias = {
  role: 'Wb',
  shape: ['gates'],
  initialization: 'bias',
  tensor: 'B',
  torch: 'bias_ih',
} as const;
/** Beside R. */
export const recurrentBias = {
  role: 'Rb',
  shape: ['gates'],
  initialization: 'bias',
  tensor: 'B',
  torch: 'bias_hh',
} as const;

/** Those of ONNX's recurrent operators. */
export const operatorParameters = [inputWeights, recurrentWeights, inputBias, recurrentBias] as const;

/** W of a layer that is one `nn.Linear` and no more. @param torch the parameter's name in the layer's module */
export function linearWeights(torch: string): ParameterDescription {
  return { role: 'W', shape: ['gates', 'input'], initialization: 'linear', tensor: 'W', torch };
}

/** Its bias. */
export function linearBias(torch: string): ParameterDescription {
  return { role: 'Wb', shape: ['gates'], initialization: 'linear', tensor: 'B', torch };
}

export function isSharedRole(role: string): role is SharedRole {
  return sharedRoles.some((shared) => shared === role);
}

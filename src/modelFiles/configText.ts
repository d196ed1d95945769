/** How a model's configuration is kept in a file's metadata. */
import {
  checkConfig,
  plainLayer,
  plainStack,
  uniformModel,
  uniformStack,
  type LayerConfig,
  type ModelConfig,
  type StackConfig,
} from '../core/model/config';

/** Under these names, in ONNX's metadata and in that of safetensors. */
export const ownKeys = {
  model: 'backflow.model',
  vocabulary: 'backflow.vocabulary',
  tokens: 'backflow.tokens',
  step: 'backflow.step',
} as const;

/**
 * Of layers that are alike what they have in common and their number, as it has always been; of others a list. In a fixed order: the same model is
 * the same file, however its configuration was put together. What older versions did not know is left
 * out where it is as it was then: options of a kind without any, norms and residual connections, numbers in place of tokens.
 */
export function configText(config: ModelConfig): string {
  return JSON.stringify(uniformStack(config) ?? config, (key, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return key === 'options' && entries.length === 0 ? undefined : Object.fromEntries(entries.filter(isKept));
  });
}

function isKept([key, value]: readonly [string, unknown]): boolean {
  const isAdded = key === 'norm' || key === 'finalNorm' || key === 'residual' || key === 'features';
  return !isAdded || value !== plainStack[key];
}

/** @param kept parsed from JSON  Throws a UserError for what is none. */
export function configOf(kept: unknown): ModelConfig {
  const given = { ...plainStack, ...(kept as Partial<StackConfig | ModelConfig>) };
  if (!Array.isArray(given.layers)) return uniformModel(given as StackConfig);
  return checkConfig({
    ...(given as ModelConfig),
    layers: (given.layers as readonly Partial<LayerConfig>[]).map(
      (layer) => ({ ...plainLayer, ...layer }) as LayerConfig,
    ),
  });
}

/** What a config.json says of a model beside what the tensors say: where they differ, it is that of another model, and nothing else in it can be believed. */
import { UserError } from '../../../userError';
import type { NamedWeights, PublishedConfig } from './published';

/** A size that tensors have, and the names under which configurations have it. */
export interface KnownSize {
  readonly names: readonly string[];
  readonly size: number;
}

/** Throws a UserError where a number in the config.json is not what the tensors have. */
export function checkSizes(config: PublishedConfig, sizes: readonly KnownSize[], file: string): void {
  for (const { names, size } of sizes)
    for (const name of names) {
      const said = config && Object.hasOwn(config, name) ? config[name] : undefined;
      if (typeof said === 'number' && said !== size)
        throw new UserError('error.torch.configOfAnother', file, name, said, size);
    }
}

/** Throws a UserError for a config.json that is there but cannot be read: what it would say is not known. */
export function checkReadable({ isConfigBroken, file }: Pick<NamedWeights, 'isConfigBroken' | 'file'>): void {
  if (isConfigBroken) throw new UserError('error.torch.configBroken', file);
}

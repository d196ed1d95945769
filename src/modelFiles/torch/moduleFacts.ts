/** What is known of modules that stand in a file themselves, beside their tensors. */

export interface ModuleFacts {
  /** Whether there are any: a state dict has none. */
  readonly areKnown: boolean;
  /** Modules that have no tensors and may compute something: an activation, a norm without weights. */
  readonly silent: readonly SilentModule[];
  /** Of LayerNorms, by their names. */
  readonly epsilons: ReadonlyMap<string, number>;
  /** Of embeddings that shorten their rows to a length when they are read. */
  readonly maxNorms: ReadonlyMap<string, number>;
  /** Classes that are not PyTorch's, of modules with tensors of their own, by the modules' names. */
  readonly ownClasses: ReadonlyMap<string, string>;
  /** What a config.json would say. */
  readonly config: Readonly<Record<string, unknown>>;
}

export interface SilentModule {
  readonly name: string;
  readonly className: string;
}

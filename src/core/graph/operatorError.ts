/** Why a node could not be computed. What was computed before it, and what does not depend on it, is there all the same. */
export class OperatorError extends Error {
  constructor(
    readonly operator: string,
    /** "" for ONNX's own operators. */
    readonly domain: string,
    /** The node's name, behind those of the nodes whose bodies it stands in. */
    readonly node: string,
    /** Completes “the node … (operator) …”. */
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`the node “${node}” (${domain === '' ? operator : `${domain}.${operator}`}) ${reason}`, options);
    this.name = 'OperatorError';
  }
}

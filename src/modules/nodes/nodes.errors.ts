/** The set of node types is faulty: the process must not start. Names every fault at once. */
export class NodeTypeRegistryError extends Error {
  override readonly name = 'NodeTypeRegistryError';

  constructor(readonly faults: readonly string[]) {
    super(`node types cannot be registered:\n- ${faults.join('\n- ')}`);
  }
}

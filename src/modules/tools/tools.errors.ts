/** The set of tools is faulty: the process must not start. Names every fault at once. */
export class ToolRegistryError extends Error {
  override readonly name = 'ToolRegistryError';

  constructor(readonly faults: readonly string[]) {
    super(`tools cannot be registered:\n- ${faults.join('\n- ')}`);
  }
}

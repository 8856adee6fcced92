/** One variable that cannot be used, and why. Values are never repeated: they may be secret. */
export interface ConfigFault {
  readonly variable: string;
  readonly reason: string;
}

/** The environment cannot be used. Holds every fault at once, so one round of corrections is enough. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly faults: readonly ConfigFault[]) {
    super(['the environment is not usable:', ...faults.map((fault) => `  ${fault.variable}: ${fault.reason}`)].join('\n'));
  }
}

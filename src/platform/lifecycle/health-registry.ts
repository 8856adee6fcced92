import { Injectable } from '@nestjs/common';

/** Throws (or rejects) when the part is not able to serve; its message is shown by `/health/ready`. */
export type HealthCheck = () => void | Promise<void>;

export interface FailedCheck {
  readonly name: string;
  readonly message: string;
}

const CHECK_LIMIT_MS = 2_000;

/** What must hold for the process to be ready. Modules register a check; `/health/ready` runs them all. */
@Injectable()
export class HealthRegistry {
  private readonly checks = new Map<string, HealthCheck>();

  register(name: string, check: HealthCheck): void {
    if (this.checks.has(name)) throw new Error(`health check ${name} is registered twice`);
    this.checks.set(name, check);
  }

  get names(): readonly string[] {
    return [...this.checks.keys()];
  }

  /** The checks that fail, or do not answer in time. */
  async failing(): Promise<FailedCheck[]> {
    const results = await Promise.all([...this.checks].map(async ([name, check]) => ({ name, message: await failureOf(check) })));
    return results.flatMap(({ name, message }) => (message === null ? [] : [{ name, message }]));
  }
}

async function failureOf(check: HealthCheck): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${CHECK_LIMIT_MS} ms`), CHECK_LIMIT_MS);
  });
  const result = Promise.resolve()
    .then(check)
    .then(() => null)
    .catch((error: unknown) => (error instanceof Error && error.message !== '' ? error.message : 'failed'));
  try {
    return await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}

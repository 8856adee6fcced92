import { Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger } from '../logging/index.js';

export const CHECK_STATUSES = ['ok', 'warning', 'error'] as const;
export type CheckStatus = (typeof CHECK_STATUSES)[number];

/** What a check found. Neither secrets nor anything of a tenant's may be in it: counts, sizes, ages and names of tables only. */
export interface Finding {
  readonly status: CheckStatus;
  /** One sentence that also says what to do when it is not `ok`. */
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Looks at one thing. Throws when it cannot. */
export type DoctorCheck = () => Finding | Promise<Finding>;

export interface CheckReport {
  readonly name: string;
  readonly status: CheckStatus;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly duration_ms: number;
}

const CHECK_LIMIT_MS = 10_000;

/** What an operator is told of the installation. Modules register checks; nothing depends on their outcome. */
@Injectable()
export class DoctorRegistry {
  private readonly checks = new Map<string, DoctorCheck>();

  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  register(name: string, check: DoctorCheck): void {
    if (this.checks.has(name)) throw new Error(`doctor check ${name} is registered twice`);
    this.checks.set(name, check);
  }

  /** Makes all checks, one after the other: what they cost does not fall on everybody at once. */
  async examine(): Promise<CheckReport[]> {
    const reports: CheckReport[] = [];
    for (const [name, check] of this.checks) {
      const startedAt = performance.now();
      const { status, message, details = {} } = await this.findingOf(name, check);
      reports.push({ name, status, message, details, duration_ms: Math.round(performance.now() - startedAt) });
    }
    return reports;
  }

  private async findingOf(name: string, check: DoctorCheck): Promise<Finding> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Finding>((resolve) => {
      const message = `no answer within ${CHECK_LIMIT_MS / 1000} s`;
      timer = setTimeout(() => resolve({ status: 'error', message }), CHECK_LIMIT_MS);
    });
    const finding = Promise.resolve()
      .then(check)
      .catch((error: unknown): Finding => {
        this.logger.warn({ check: name, err: error }, 'a doctor check failed');
        return { status: 'error', message: 'the check could not be made; the log says why' };
      });
    try {
      return await Promise.race([finding, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Units one evaluation may spend; a unit is about 50-100 ns of work. The largest legitimate mapping (100,000 objects) takes about a third. */
const BUDGET = 5_000_000;
/**
 * CPU time one evaluation may take: a net under the budget for work that it underestimates, several times above what a spent
 * budget takes here (0.1 to 0.7 s), so that it is the budget that decides, the same way on every machine and every replay.
 */
const CPU_LIMIT_MICROS = 4_000_000;
/** Units between two looks at the clock. */
const CLOCK_EVERY = 16_384;
/** Characters of JSON one template may produce. */
const MAX_OUTPUT_CHARS = 32 * 1024 * 1024;
/** Longest string or list that `+` may build. */
export const MAX_LENGTH = 32 * 1024 * 1024;

/** Thrown through a CEL evaluation when its budget is spent. */
export class BudgetError extends Error {
  override readonly name = 'BudgetError';
  readonly code = 'budget_exceeded';
}

/**
 * Bounds what one evaluation may cost. Expressions cannot loop for ever, but macros nest: `l.map(x, l.map(y, l.map(z, …)))`
 * is cubic, and `cel.bind(a, s + s, …)` doubles. So every macro iteration and every operation whose cost grows with its
 * operands spends units here, which bounds time and memory the same way on every machine and on every replay.
 *
 * Evaluation is synchronous and never nests, so one meter serves the whole thread.
 */
class Meter {
  private remaining = BUDGET;
  private nextClockLook = BUDGET - CLOCK_EVERY;
  private cpuAtFirstLook = -1;
  private outputChars = 0;

  /** Begins an evaluation. */
  start(): void {
    this.remaining = BUDGET;
    this.nextClockLook = BUDGET - CLOCK_EVERY;
    this.cpuAtFirstLook = -1;
  }

  /** Begins a template: output is bounded over all its expressions together. */
  startOutput(): void {
    this.outputChars = 0;
  }

  spend(units: number): void {
    this.remaining -= units;
    if (this.remaining < this.nextClockLook) this.look();
  }

  /** Throws when the budget was spent before. Macros swallow errors of their bodies, so a spent meter must stay spent. */
  assertNotSpent(): void {
    if (this.remaining < 0) throw new BudgetError('the expression does too much work');
  }

  addOutput(chars: number): void {
    this.outputChars += chars;
    if (this.outputChars > MAX_OUTPUT_CHARS) throw new BudgetError(`the result is larger than ${MAX_OUTPUT_CHARS / 1024 / 1024} MiB`);
  }

  private look(): void {
    this.assertNotSpent();
    this.nextClockLook = this.remaining - CLOCK_EVERY;
    const { user, system } = process.threadCpuUsage();
    const cpu = user + system;
    if (this.cpuAtFirstLook < 0) {
      this.cpuAtFirstLook = cpu;
    } else if (cpu - this.cpuAtFirstLook > CPU_LIMIT_MICROS) {
      this.remaining = -1;
      this.assertNotSpent();
    }
  }
}

export const meter = new Meter();

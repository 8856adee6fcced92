const BURST_LINES = 2_000;
const BURST_CHARS = 1024 * 1024;
const LINES_PER_SECOND = 100;
const CHARS_PER_SECOND = 64 * 1024;
const MAX_CHARS = 16 * 1024 * 1024;

/** How much one attempt of a step may write into its run's log: a burst, then a steady rate, and a limit over all. */
export class LineBudget {
  private lines = BURST_LINES;
  private chars = BURST_CHARS;
  private left = MAX_CHARS;
  private at: number;

  constructor(private readonly now: () => number) {
    this.at = now();
  }

  /** Whether a line of that length may be written; if so, it is counted. */
  take(length: number): boolean {
    this.refill();
    if (this.lines < 1 || this.chars < length || this.left < length) return false;
    this.lines -= 1;
    this.chars -= length;
    this.left -= length;
    return true;
  }

  private refill(): void {
    const now = this.now();
    const seconds = Math.max(0, now - this.at) / 1000;
    this.at = now;
    this.lines = Math.min(BURST_LINES, this.lines + seconds * LINES_PER_SECOND);
    this.chars = Math.min(BURST_CHARS, this.chars + seconds * CHARS_PER_SECOND);
  }
}

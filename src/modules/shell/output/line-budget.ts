const BURST_LINES = 2_000;
const BURST_CHARS = 1024 * 1024;
const LINES_PER_SECOND = 100;
const CHARS_PER_SECOND = 64 * 1024;
/** Once it is used up, this much has to come in before anything is taken again: gaps are few and long rather than many. */
const RESUME_LINES = 50;
const MAX_LINES = 50_000;
const MAX_CHARS = 16 * 1024 * 1024;

/** How much one attempt of a step may write into its run's log: a burst, then a steady rate, and a limit over all. */
export class LineBudget {
  private lines = BURST_LINES;
  private chars = BURST_CHARS;
  private linesLeft = MAX_LINES;
  private charsLeft = MAX_CHARS;
  private usedUp = false;
  private at: number;

  /** `now` in milliseconds. */
  constructor(private readonly now: () => number) {
    this.at = now();
  }

  /** Whether a line of that length may be written; if so, it is counted. */
  take(length: number): boolean {
    if (this.linesLeft < 1 || this.charsLeft < length) return false;
    this.refill();
    this.usedUp = this.lines < (this.usedUp ? RESUME_LINES : 1) || this.chars < length;
    if (this.usedUp) return false;
    this.lines -= 1;
    this.chars -= length;
    this.linesLeft -= 1;
    this.charsLeft -= length;
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

import type { LineBudget } from './line-budget.js';

const MAX_LINE = 8_192;

/** Cuts a stream into lines and passes them on as far as the budget goes. What is left out is counted and told. */
export class LiveLines {
  private partial = '';
  private cut = false;
  private leftOut = 0;

  constructor(
    private readonly budget: LineBudget,
    private readonly write: (line: string) => void,
  ) {}

  push(text: string): void {
    let from = 0;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', from)) {
      this.extend(text, from, at);
      this.line();
      from = at + 1;
    }
    this.extend(text, from, text.length);
  }

  end(): void {
    if (this.partial !== '') this.line();
    this.tellLeftOut();
  }

  private extend(text: string, from: number, to: number): void {
    const room = MAX_LINE - this.partial.length;
    if (to - from > room) this.cut = true;
    if (room > 0) this.partial += text.slice(from, Math.min(to, from + room));
  }

  private line(): void {
    const { partial, cut } = this;
    this.partial = '';
    this.cut = false;
    if (!this.budget.take(partial.length)) {
      this.leftOut += 1;
      return;
    }
    this.tellLeftOut();
    this.write(cut ? `${partial.toWellFormed()} …truncated` : partial.replace(/\r$/, '').toWellFormed());
  }

  private tellLeftOut(): void {
    if (this.leftOut === 0) return;
    const lines = this.leftOut;
    this.leftOut = 0;
    this.write(`… ${lines} ${lines === 1 ? 'line' : 'lines'} truncated …`);
  }
}

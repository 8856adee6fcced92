/** The beginning and the end of a text of any length, in bounded memory. Lengths are in UTF-16 code units. */
export class KeptText {
  private readonly headLimit: number;
  private readonly tailLimit: number;
  private head = '';
  private tail: string[] = [];
  private tailLength = 0;
  private left = 0;

  constructor(limit: number) {
    this.headLimit = Math.ceil(limit / 2);
    this.tailLimit = Math.floor(limit / 2);
  }

  push(text: string): void {
    const room = this.headLimit - this.head.length;
    if (room > 0) this.head += text.slice(0, room);
    if (text.length <= room) return;
    const rest = text.slice(Math.max(0, room));
    this.tail.push(rest);
    this.tailLength += rest.length;
    while (this.tail.length > 1 && this.tailLength - (this.tail[0] as string).length >= this.tailLimit) this.drop();
  }

  get truncated(): boolean {
    return this.left > 0 || this.tailLength > this.tailLimit;
  }

  /** With a mark where something was left out. */
  text(): string {
    const tail = this.tail.join('');
    if (!this.truncated) return (this.head + tail).toWellFormed();
    const kept = this.tailLimit === 0 ? '' : wholeFrom(tail.slice(-this.tailLimit));
    const left = this.left + tail.length - kept.length;
    return `${wholeTo(this.head)}\n… ${left} characters truncated …\n${kept}`.toWellFormed();
  }

  private drop(): void {
    const length = this.tail.shift()?.length ?? 0;
    this.tailLength -= length;
    this.left += length;
  }
}

/** Without half a character at the end. */
function wholeTo(text: string): string {
  return /[\uD800-\uDBFF]$/.test(text) ? text.slice(0, -1) : text;
}

/** Without half a character at the beginning. */
function wholeFrom(text: string): string {
  return /^[\uDC00-\uDFFF]/.test(text) ? text.slice(1) : text;
}

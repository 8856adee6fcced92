import type { NodeCall } from '../../../engine/index.js';

/** The first piece is shown soon, later ones are gathered: an event costs a row. */
const FIRST_FLUSH_MS = 25;
const FLUSH_MS = 120;
const FLUSH_CHARACTERS = 2_000;

/**
 * The text of one model call as `token` events of its step: `{text, role}`. `{text: "", void: true}` takes back everything of
 * the step so far: another model begins anew, or the process died in the middle and the call is made again.
 */
export class TokenStream {
  private pending = '';
  private timer: NodeJS.Timeout | null = null;
  private flushed = false;

  constructor(
    private readonly call: Pick<NodeCall, 'emit'>,
    private readonly role: string,
  ) {}

  add(text: string): void {
    this.pending += text;
    if (this.pending.length >= FLUSH_CHARACTERS) return this.flush();
    this.timer ??= setTimeout(() => this.flush(), this.flushed ? FLUSH_MS : FIRST_FLUSH_MS);
  }

  takeBack(reason: string): void {
    this.pending = '';
    this.flush();
    this.call.emit('token', { text: '', role: this.role, void: true, reason });
  }

  flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.pending === '') return;
    this.flushed = true;
    this.call.emit('token', { text: this.pending, role: this.role });
    this.pending = '';
  }
}

import type { RunStore } from '../ports/run-store.js';

const NEVER = new Promise<never>(() => undefined);

/** A process's way to the store, which ends with the process: what it asks after that is neither done nor answered. */
export class MortalStore {
  private dead = false;
  private tell: () => void = () => undefined;
  readonly died = new Promise<void>((resolve) => (this.tell = resolve));
  readonly store: RunStore;

  constructor(target: RunStore) {
    this.store = new Proxy(target, {
      get: (_, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]): Promise<unknown> => {
          if (this.dead) return NEVER;
          const answer: unknown = await member.apply(target, args);
          return this.dead ? NEVER : answer;
        };
      },
    });
  }

  get isDead(): boolean {
    return this.dead;
  }

  die(): void {
    this.dead = true;
    this.tell();
  }
}

const MASK = '***';

/** Hides secrets in a text that arrives in pieces, also a secret that lies across pieces. Texts come out as soon as they are certain. */
export class SecretMask {
  private readonly secrets: readonly string[];
  private readonly pattern: RegExp | null;
  private readonly longest: number;
  private held = '';

  constructor(secrets: readonly string[]) {
    // Longest first, so that no secret survives as the rest of another.
    this.secrets = [...new Set(secrets)].filter((secret) => secret !== '').toSorted((a, b) => b.length - a.length);
    this.longest = this.secrets[0]?.length ?? 0;
    this.pattern = this.secrets.length === 0 ? null : new RegExp(this.secrets.map((secret) => escapePattern(secret)).join('|'), 'g');
  }

  push(text: string): string {
    if (this.pattern === null) return text;
    return this.mask(this.held + text, false);
  }

  /** What was held back; nothing may be pushed after it. */
  end(): string {
    return this.pattern === null ? '' : this.mask(this.held, true);
  }

  private mask(text: string, last: boolean): string {
    const pattern = this.pattern as RegExp;
    let masked = '';
    let from = 0;
    let open = last ? text.length : this.firstOpen(text, 0);
    pattern.lastIndex = 0;
    for (let match = pattern.exec(text); match !== null && match.index < open; match = pattern.exec(text)) {
      masked += text.slice(from, match.index) + MASK;
      from = pattern.lastIndex;
      if (from > open) open = this.firstOpen(text, from);
    }
    this.held = text.slice(open);
    return masked + text.slice(from, open);
  }

  /** The first place, at or after `from`, from which the rest of the text may be the beginning of a secret. */
  private firstOpen(text: string, from: number): number {
    for (let at = Math.max(from, text.length - this.longest + 1); at < text.length; at += 1) {
      const rest = text.slice(at);
      if (this.secrets.some((secret) => secret.length > rest.length && secret.startsWith(rest))) return at;
    }
    return text.length;
  }
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

import { LRUCache } from 'lru-cache';

/** Sliding windows of calls, in this process. */
export class RateWindow {
  private readonly calls = new LRUCache<string, number[]>({ max: 10_000 });

  admits(key: string, limit: { readonly windowSeconds: number; readonly maxCalls: number } | null, now: number): boolean {
    if (limit === null) return true;
    const recent = (this.calls.get(key) ?? []).filter((at) => at > now - limit.windowSeconds * 1_000);
    const admitted = recent.length < limit.maxCalls;
    this.calls.set(key, admitted ? [...recent, now] : recent);
    return admitted;
  }
}

import { hash } from 'node:crypto';
import type { JournalEntry } from './journal-entry.js';

/** What the first row of every run is chained to. */
export const GENESIS_HASH: Buffer = Buffer.alloc(32);

/**
 * SHA-256 over the previous row's hash and every field of this row, so that no row can be changed, dropped, inserted or
 * moved to another run without breaking the chain. `data` enters as the exact text that is stored.
 */
export function chainHash(previous: Buffer, entry: Omit<JournalEntry, 'hash'>): Buffer {
  const head = `${previous.toString('hex')}|${entry.runId}|${entry.seq}|${entry.span}|${entry.type}|${entry.step ?? ''}|${entry.attempt}|${entry.at}|${entry.startedAt ?? ''}|`;
  return hash('sha256', head + entry.data, 'buffer');
}

/** The sequence number of the first row that breaks the chain, or null when all hold. Rows are a run's, oldest first. */
export function findBrokenLink(entries: readonly JournalEntry[]): number | null {
  let previous: Buffer = GENESIS_HASH;
  let expectedSeq = 0;
  for (const entry of entries) {
    expectedSeq += entry.span;
    if (entry.seq !== expectedSeq || !chainHash(previous, entry).equals(entry.hash)) return entry.seq;
    previous = entry.hash;
  }
  return null;
}

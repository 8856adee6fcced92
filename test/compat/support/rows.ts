import { it } from 'vitest';

/**
 * A row of docs/dialects.md: this test proves that the endpoint is as documented. The script that writes the page reads these
 * calls from the spec files, so endpoint and text are literals.
 */
export function row(endpoint: string, what: string, prove: () => Promise<void>): void {
  it(`${endpoint}: ${what}`, prove);
}

/** A deviation from the documented API, its reason, and the test that shows it. */
export function deviation(endpoint: string, what: string, reason: string, prove: () => Promise<void>): void {
  it(`${endpoint}: ${what}, because ${reason}`, prove);
}

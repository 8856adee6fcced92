import type { RunHistory } from '../journal/run-history.js';
import type { RunJournal } from '../journal/run-journal.js';
import type { StopReason } from './run-stopped.js';

/** Nothing of a run that is over stays open, also what an earlier owner of its lease had begun. */
export function closeOpenSteps(history: RunHistory, journal: RunJournal, reason: StopReason, at: number): void {
  for (const step of history.openSteps()) {
    const attempt = history.steps.get(step)?.attempt ?? 1;
    journal.append({ type: 'step.cancelled', step, attempt, at, data: { reason } });
  }
}

import { findBrokenLink } from '../journal/hash-chain.js';
import { expandEntry, type JournalEntry } from '../journal/journal-entry.js';
import { RunHistory } from '../journal/run-history.js';
import { TERMINAL_EVENT_TYPES } from '../model/run-event.js';

/** In what the journal of a run that is over is not as every such journal has to be, whatever the run did. */
export function journalFaults(journal: readonly JournalEntry[]): string[] {
  const faults: string[] = [];
  const events = journal.flatMap(expandEntry);
  if (events.some(({ seq }, index) => seq !== index + 1)) faults.push('its sequence has gaps');
  if (findBrokenLink(journal) !== null) faults.push('its hash chain is broken');
  if (events.findIndex(({ type }) => TERMINAL_EVENT_TYPES.has(type)) !== events.length - 1) faults.push('something follows its end');
  const open = RunHistory.from(journal).openSteps();
  if (open.length > 0) faults.push(`${open.join(', ')} stay open`);
  let settled = new Map<string, string>();
  for (const { type, step, data } of events) {
    if (type === 'run.resumed' && data['reason'] === 'retry_run')
      settled = new Map([...settled].filter(([, how]) => how === 'step.completed'));
    if (step === undefined || !['step.completed', 'step.failed', 'step.skipped', 'step.cancelled'].includes(type)) continue;
    if (settled.has(step)) faults.push(`${step} settles twice: ${settled.get(step) ?? ''}, ${type}`);
    settled.set(step, type);
  }
  return [...faults, ...attemptFaults(journal)];
}

/** Attempts of a step count up by one; a new run attempt counts anew. */
function attemptFaults(journal: readonly JournalEntry[]): string[] {
  const faults: string[] = [];
  const failed = new Map<string, number>();
  for (const { type, step, attempt, data } of journal) {
    if (type === 'run.resumed' && data.includes('"retry_run"')) failed.clear();
    if (step === null || !['step.retrying', 'step.completed', 'step.failed'].includes(type)) continue;
    const due = (failed.get(step) ?? 0) + 1;
    if (attempt !== due) faults.push(`${step} has ${type} of attempt ${attempt}, attempt ${due} was due`);
    if (type === 'step.retrying') failed.set(step, attempt);
  }
  return faults;
}

import { randomUUID } from 'node:crypto';
import { chainHash, GENESIS_HASH } from '../journal/hash-chain.js';
import type { JournalEntry } from '../journal/journal-entry.js';
import type { JsonObject } from '../model/json.js';
import type { RunEventType } from '../model/run-event.js';
import type { NewRun } from '../ports/run-store.js';

/** A run to create, plain but for the given fields, with its first row. */
export function runOf(fields: Partial<NewRun> & Pick<NewRun, 'tenant' | 'versionId'>): NewRun {
  const id = fields.id ?? randomUUID();
  const claim = fields.claim ?? false;
  const first = entry(id, null, claim ? 'run.started' : 'run.created', { data: { inputs: {} }, span: claim ? 2 : 1 });
  return {
    id,
    kind: 'workflow',
    workflowId: randomUUID(),
    subjectName: 'demo/x',
    subjectVersion: 1,
    priority: 0,
    tags: [],
    trigger: 'api',
    parentRunId: null,
    parentStep: null,
    resumedFrom: null,
    depth: 0,
    concurrency: null,
    rate: null,
    runAt: null,
    timeoutMs: null,
    createdAt: first.at,
    claim,
    first,
    kept: [],
    ...fields,
  };
}

/** A journal row chained to the one before it. */
export function entry(
  runId: string,
  previous: JournalEntry | null,
  type: RunEventType,
  fields: { step?: string; attempt?: number; span?: 1 | 2; data?: JsonObject },
): JournalEntry {
  const span = fields.span ?? 1;
  const at = Date.now();
  const row = {
    runId,
    seq: (previous?.seq ?? 0) + span,
    span,
    type,
    step: fields.step ?? null,
    attempt: fields.attempt ?? 0,
    at,
    startedAt: span === 2 ? at : null,
    data: JSON.stringify(fields.data ?? {}),
  };
  return { ...row, hash: chainHash(previous?.hash ?? GENESIS_HASH, row) };
}

import { chainHash, GENESIS_HASH } from '../journal/hash-chain.js';
import type { JournalEntry } from '../journal/journal-entry.js';
import type { JsonObject } from '../model/json.js';
import type { StoredDefinition } from '../ports/definitions.js';
import type { RunInfo } from '../ports/node-type.js';
import type { ClaimedRun, NewRun } from '../ports/run-store.js';
import type { SubmitRun } from './submission.js';

/** A requested run as the store creates it. With `claim`, its first row already carries its start. */
export function newRun(id: string, request: SubmitRun, now: number, claim: boolean): NewRun {
  const { definition, parent } = request;
  const data: JsonObject = {
    workflow: { id: definition.workflowId, name: definition.name, version: definition.version },
    inputs: request.inputs,
    trigger: request.trigger,
    ...(request.keyId === undefined ? {} : { key_id: request.keyId }),
    ...(parent === undefined ? {} : { parent_run_id: parent.runId, parent_step: parent.step }),
    ...(request.resumedFrom === undefined ? {} : { resumed_from: request.resumedFrom }),
  };
  const span = claim ? 2 : 1;
  const first: Omit<JournalEntry, 'hash'> = {
    runId: id,
    seq: span,
    span,
    type: claim ? 'run.started' : 'run.created',
    step: null,
    attempt: 0,
    at: now,
    startedAt: claim ? now : null,
    data: JSON.stringify(data),
  };
  const complete = { ...first, hash: chainHash(GENESIS_HASH, first) };
  return {
    id,
    tenant: request.tenant,
    kind: definition.kind === 'agent' ? 'agent' : 'workflow',
    workflowId: definition.workflowId,
    versionId: definition.versionId,
    subjectName: definition.name,
    subjectVersion: definition.version,
    priority: request.priority ?? 0,
    tags: request.tags ?? [],
    trigger: request.trigger,
    parentRunId: parent?.runId ?? null,
    parentStep: parent?.step ?? null,
    resumedFrom: request.resumedFrom ?? null,
    depth: parent?.depth ?? 0,
    concurrency: request.concurrency ?? null,
    rate: request.rate ?? null,
    runAt: request.runAt ?? null,
    timeoutMs: request.timeoutMs ?? null,
    createdAt: now,
    claim,
    first: complete,
    kept: keep(request.kept ?? [], complete),
  };
}

/** Rows of another run as this one's: numbered and chained anew, marked as kept. */
function keep(entries: readonly JournalEntry[], first: JournalEntry): JournalEntry[] {
  let previous = first;
  return entries.map((entry) => {
    // What was skipped or stopped has no start to tell of.
    const span = entry.type === 'step.completed' || entry.type === 'step.failed' ? 2 : 1;
    const row: Omit<JournalEntry, 'hash'> = {
      ...entry,
      runId: first.runId,
      seq: previous.seq + span,
      span,
      startedAt: span === 2 ? (entry.startedAt ?? entry.at) : entry.startedAt,
      data: JSON.stringify({ ...(JSON.parse(entry.data) as JsonObject), kept: true }),
    };
    previous = { ...row, hash: chainHash(previous.hash, row) };
    return previous;
  });
}

/** The lease of a run that was created on it, as a claim would have given it. */
export function claimedFrom(run: NewRun, now: number): ClaimedRun {
  const { id, tenant, kind, workflowId, versionId, subjectName, subjectVersion, depth, createdAt, timeoutMs, parentRunId, trigger } = run;
  return {
    id,
    tenant,
    kind,
    workflowId,
    versionId,
    subjectName,
    subjectVersion,
    depth,
    createdAt,
    timeoutMs,
    parentRunId,
    trigger,
    epoch: 1,
    wakes: 0,
    startedAt: now,
    cancel: null,
    spaced: false,
  };
}

export function runInfo(claimed: ClaimedRun, definition: StoredDefinition): RunInfo {
  return {
    id: claimed.id,
    tenant: claimed.tenant,
    kind: claimed.kind,
    workflow: { id: definition.workflowId, name: claimed.subjectName, version: claimed.subjectVersion },
    source: definition.source,
    trigger: claimed.trigger,
    createdAt: new Date(claimed.createdAt).toISOString(),
    depth: claimed.depth,
  };
}

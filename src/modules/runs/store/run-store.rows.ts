import type { ClaimedRun, JournalEntry, JournalWrite, LeaseRef, NewRun } from '../../../engine/index.js';
import { binaryArray } from '../../../platform/database/index.js';

export interface ClaimedRow {
  id: string;
  tenant_id: string;
  kind: 'workflow' | 'agent';
  workflow_id: string | null;
  version_id: string;
  subject_name: string;
  subject_version: number;
  depth: number;
  timeout_ms: string | null;
  parent_run_id: string | null;
  trigger: string;
  created_at: Date;
  epoch: number;
  wakes: number;
  started_at: Date | null;
  cancel_requested_at: Date | null;
  cancel_reason: string | null;
  spaced: boolean;
}

/** With the row of a claim, or alone: how many were held back, and whether starts of workflows with a rate are due. */
export type ClaimRow = (ClaimedRow | { id: null }) & { held_back: number; due: boolean };

export interface JournalRow {
  run_id: string;
  seq: number;
  span: 1 | 2;
  type: JournalEntry['type'];
  step: string | null;
  attempt: number;
  at: Date;
  started_at: Date | null;
  data: string;
  hash: Buffer;
}

export function createValues(
  runs: readonly NewRun[],
  state: (run: NewRun) => string,
  params: { readonly owner: string; readonly leaseMs: number },
): unknown[] {
  const { uuid, text, int2, int4, float8, json, timestamptz, digest } = binaryArray;
  return [
    uuid(runs.map((run) => run.id)),
    text(runs.map((run) => run.tenant)),
    text(runs.map((run) => run.kind)),
    uuid(runs.map((run) => run.workflowId)),
    uuid(runs.map((run) => run.versionId)),
    text(runs.map((run) => run.subjectName)),
    int4(runs.map((run) => run.subjectVersion)),
    int2(runs.map((run) => run.priority)),
    json(runs.map((run) => (run.tags.length === 0 ? null : JSON.stringify(run.tags)))),
    text(runs.map((run) => run.trigger)),
    uuid(runs.map((run) => run.parentRunId)),
    text(runs.map((run) => run.parentStep)),
    uuid(runs.map((run) => run.resumedFrom)),
    int2(runs.map((run) => run.depth)),
    text(runs.map((run) => run.concurrency?.key ?? null)),
    int4(runs.map((run) => run.concurrency?.limit ?? null)),
    timestamptz(runs.map((run) => run.runAt)),
    text(runs.map((run) => (run.timeoutMs === null ? null : String(run.timeoutMs)))),
    timestamptz(runs.map((run) => run.createdAt)),
    text(runs.map(state)),
    int4(runs.map((run) => run.first.seq)),
    int2(runs.map((run) => run.first.span)),
    text(runs.map((run) => run.first.type)),
    json(runs.map((run) => run.first.data)),
    digest(runs.map((run) => run.first.hash)),
    params.owner,
    params.leaseMs,
    float8(runs.map((run) => run.rate?.everyMs ?? null)),
    int4(runs.map((run) => run.rate?.burst ?? null)),
  ];
}

export function entryValues(writes: readonly JournalWrite[]): Buffer[] {
  const entries = writes.flatMap((write) => write.entries);
  const tenants = writes.flatMap((write) => write.entries.map(() => write.tenant));
  const { uuid, text, int2, int4, json, timestamptz, digest } = binaryArray;
  return [
    uuid(entries.map((entry) => entry.runId)),
    int4(entries.map((entry) => entry.seq)),
    int2(entries.map((entry) => entry.span)),
    text(tenants),
    text(entries.map((entry) => entry.type)),
    text(entries.map((entry) => entry.step)),
    int2(entries.map((entry) => entry.attempt)),
    timestamptz(entries.map((entry) => entry.at)),
    timestamptz(entries.map((entry) => entry.startedAt)),
    json(entries.map((entry) => entry.data)),
    digest(entries.map((entry) => entry.hash)),
  ];
}

/** The least and the greatest of the ids: as text they compare like Postgres compares them. */
export function boundsOf(runIds: readonly string[]): [least: string, greatest: string] {
  let [least = '', greatest = ''] = [runIds[0], runIds[0]];
  for (const id of runIds) {
    if (id < least) least = id;
    if (id > greatest) greatest = id;
  }
  return [least, greatest];
}

export function leaseValues(leases: readonly LeaseRef[]): Buffer[] {
  return [binaryArray.uuid(leases.map((lease) => lease.runId)), binaryArray.int4(leases.map((lease) => lease.epoch))];
}

export function claimedRun(row: ClaimedRow): ClaimedRun {
  return {
    id: row.id,
    tenant: row.tenant_id,
    kind: row.kind,
    workflowId: row.workflow_id,
    versionId: row.version_id,
    subjectName: row.subject_name,
    subjectVersion: row.subject_version,
    epoch: row.epoch,
    wakes: row.wakes,
    depth: row.depth,
    createdAt: row.created_at.getTime(),
    startedAt: row.started_at?.getTime() ?? null,
    timeoutMs: row.timeout_ms === null ? null : Number(row.timeout_ms),
    parentRunId: row.parent_run_id,
    trigger: row.trigger,
    cancel: row.cancel_requested_at === null ? null : { reason: row.cancel_reason },
    spaced: row.spaced,
  };
}

export function journalEntry(row: JournalRow): JournalEntry {
  return {
    runId: row.run_id,
    seq: row.seq,
    span: row.span,
    type: row.type,
    step: row.step,
    attempt: row.attempt,
    at: row.at.getTime(),
    startedAt: row.started_at?.getTime() ?? null,
    data: row.data,
    hash: row.hash,
  };
}

import type { JournalEntry } from '../journal/journal-entry.js';
import type { Json } from '../model/json.js';
import type { RunRate } from '../model/rate.js';
import type { TerminalRunStatus } from '../model/statuses.js';
import type { SerializedError } from '../model/step-error.js';
import type { OutputRef } from './artifacts.js';

/**
 * What a point of priority is worth in the order of claims: as much as having been claimable this much longer. So a run of low
 * priority is overtaken for a while, never for ever.
 */
export const PRIORITY_POINT_MS = 60_000;

/** A run as it is created: the row, and the first journal row that goes with it in the same statement. */
export interface NewRun {
  readonly id: string;
  readonly tenant: string;
  readonly kind: 'workflow' | 'agent';
  readonly workflowId: string | null;
  readonly versionId: string;
  /** Name and version as they were, so that a run stays readable after its workflow is deleted. */
  readonly subjectName: string;
  readonly subjectVersion: number;
  readonly priority: number;
  readonly tags: readonly string[];
  /** What started it: `api`, `run`, `cron`, `webhook`, `event`, … */
  readonly trigger: string;
  readonly parentRunId: string | null;
  /** With `parentRunId`: unique per parent, so a re-executed parent step finds the child it already started. */
  readonly parentStep: string | null;
  readonly resumedFrom: string | null;
  readonly depth: number;
  readonly concurrency: { readonly key: string; readonly limit: number; readonly onConflict: 'queue' | 'cancel_running' | 'reject' } | null;
  /** How starts of its workflow's runs are spaced; null means not at all. */
  readonly rate: RunRate | null;
  /** Epoch milliseconds before which the run does not start; null means now. */
  readonly runAt: number | null;
  /** Whole-run limit in milliseconds, counted from the start. */
  readonly timeoutMs: number | null;
  readonly createdAt: number;
  /** Lease the run to the creator in the same statement, at epoch 1. Never together with `concurrency`, `rate` or a later `runAt`. */
  readonly claim: boolean;
  readonly first: JournalEntry;
  /** Further rows the run begins with, in the same transaction: results kept from the run it resumes. Never with `claim`. */
  readonly kept: readonly JournalEntry[];
}

export type CreateOutcome =
  /**
   * `leased`: the run is already owned by the creator, at epoch 1. `cancelled`: runs of its concurrency key that have to
   * make room (`cancel_running`); their cancel is accepted together with the creation, whoever holds them is yet to be told.
   */
  | { readonly outcome: 'created'; readonly leased: boolean; readonly cancelled?: readonly string[] }
  /** The run was to be leased to its creator, but its workflow is paused: nothing was written. It can be created without `claim`. */
  | { readonly outcome: 'paused' }
  /** A run with this id, or with this parent and step, exists already; nothing was written. */
  | { readonly outcome: 'exists'; readonly runId: string }
  /** `concurrency.onConflict` is `reject` and the key's limit is reached; nothing was written. */
  | { readonly outcome: 'rejected'; readonly holders: readonly string[] };

/** Everything a worker needs to execute a run it now owns, but the journal. */
export interface ClaimedRun {
  readonly id: string;
  readonly tenant: string;
  readonly kind: 'workflow' | 'agent';
  readonly workflowId: string | null;
  readonly versionId: string;
  readonly subjectName: string;
  readonly subjectVersion: number;
  readonly epoch: number;
  /** Count of wake-ups seen at the claim; a park with an older count is refused. */
  readonly wakes: number;
  readonly depth: number;
  readonly createdAt: number;
  /** Epoch milliseconds of the first claim. */
  readonly startedAt: number | null;
  readonly timeoutMs: number | null;
  readonly parentRunId: string | null;
  readonly trigger: string;
  readonly cancel: { readonly reason: string | null } | null;
  /** This is a start that was spaced by the workflow's rate: the next one may be due soon. */
  readonly spaced: boolean;
}

/** How a run's lease ends together with a journal write. */
export type LeaseTransition =
  | {
      readonly kind: 'end';
      readonly status: TerminalRunStatus;
      readonly error: SerializedError | null;
      readonly at: number;
    }
  /**
   * Leaves memory for `wakeInMs` (null: without limit) or until a wake-up. Becomes ready at once when `wakes` is behind. A
   * duration, because the clocks of process and store need not agree: a point in time would be due too early, over and over.
   */
  | { readonly kind: 'park'; readonly wakeInMs: number | null; readonly wakes: number }
  /** Gives the lease back so that any worker continues at once (shutdown). */
  | { readonly kind: 'release' };

/** One run's share of a group commit: applied only if the run is still leased at this epoch. */
export interface JournalWrite {
  readonly runId: string;
  readonly tenant: string;
  readonly epoch: number;
  readonly entries: readonly JournalEntry[];
  readonly transition: LeaseTransition | null;
}

export interface AppendResult {
  /** Runs whose lease was lost: nothing of theirs was written. */
  readonly lost: ReadonlySet<string>;
  /** Runs whose end was refused because a cancel was accepted first. Nothing of theirs was written; the lease is still held. */
  readonly cancelFirst: ReadonlySet<string>;
  /** Runs whose write the store refuses for what it contains, alone of its batch. Nothing of theirs was written. */
  readonly failed: ReadonlyMap<string, Error>;
  /** Runs that became claimable or got a wake-up: by a park that came too late, a child's end, a freed concurrency slot. */
  readonly woken: readonly string[];
}

/** The store cannot be reached: whether the operation was committed is unknown, and trying again may help. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
}

export interface LeaseRef {
  readonly runId: string;
  readonly epoch: number;
}

export interface HeartbeatResult {
  readonly lost: readonly string[];
  /** Leases whose wake-up count or cancel flag the owner may not have seen yet. */
  readonly changed: readonly {
    readonly runId: string;
    readonly wakes: number;
    readonly cancel: { readonly reason: string | null } | null;
  }[];
}

export type CancelRequestOutcome =
  | { readonly outcome: 'not_found' }
  | { readonly outcome: 'terminal'; readonly status: TerminalRunStatus }
  /** The flag is durable. `owner` holds the lease, or null when nobody does and anyone may finish the cancel. */
  | { readonly outcome: 'accepted'; readonly owner: string | null };

export interface ChildState {
  readonly runId: string;
  readonly status: TerminalRunStatus;
  /** Null when they are kept outside of the journal. */
  readonly outputs: Json;
  readonly outputRef?: OutputRef;
  readonly error: SerializedError | null;
}

export interface Arrivals {
  /** Wake-ups of the run as of this reading; a park that names them is refused if another comes. */
  readonly wakes: number;
  readonly cancel: { readonly reason: string | null } | null;
  /** Of the children asked for, those that are over. */
  readonly children: readonly ChildState[];
  /** All signals sent to the run, oldest first. A taken one is recognised by its id in the journal. */
  readonly signals: readonly { readonly id: number; readonly name: string; readonly payload: Json }[];
}

export interface SweepResult {
  /** Runs made claimable: due timers, expired leases, freed concurrency slots, resumed workflows, due starts. */
  readonly readied: number;
  /** Milliseconds until the next timer or spaced start by the store's clock, or null. */
  readonly nextWakeInMs: number | null;
}

/** Who holds back a workflow's runs, and why. */
export interface PauseRequest {
  readonly tenant: string;
  readonly workflowId: string;
  /** Name of whoever asked. */
  readonly by: string;
  readonly reason: string | null;
}

/**
 * The durable state of runs. Two implementations, Postgres and in-memory, pass one contract suite
 * (`engine/testing/run-store.contract.ts`).
 *
 * Invariants every implementation keeps:
 * - a write by a worker names `(run, epoch)`; a stale epoch writes nothing and is reported as lost;
 * - a terminal status is written once;
 * - one run's end and the wake-up of its waiting parent commit together;
 * - starts of a workflow with a rate keep it, whoever claims them and however long nobody did;
 * - lease time is the store's own time, never the caller's.
 */
export interface RunStore {
  /** Creates runs in one batch. Results are in the order of `runs`. A faulty run fails alone: its result is the Error. */
  createRuns(params: {
    readonly runs: readonly NewRun[];
    readonly owner: string;
    readonly leaseMs: number;
  }): Promise<(CreateOutcome | Error)[]>;

  /**
   * Leases up to `limit` claimable runs. First come due starts of workflows with a rate, then all others: longest ready first,
   * each point of priority counting as `PRIORITY_POINT_MS` of that. Runs of paused workflows that have not started are passed over.
   */
  claimRuns(params: { readonly owner: string; readonly leaseMs: number; readonly limit: number }): Promise<ClaimedRun[]>;

  /** Leases one run that nobody holds, claimable or parked, to cancel it. Null when somebody holds it or it is over. Does not start a pending run. */
  claimRun(params: { readonly runId: string; readonly owner: string; readonly leaseMs: number }): Promise<ClaimedRun | null>;

  /** All journal rows of the given runs, each run's oldest first. */
  loadJournals(runIds: readonly string[]): Promise<Map<string, JournalEntry[]>>;

  /** Commits many runs' writes in one durable statement. A faulty run fails alone and is reported in `failed`. */
  append(writes: readonly JournalWrite[]): Promise<AppendResult>;

  /**
   * After a connection was lost in the middle of an append: which of the writes are in the journal nevertheless,
   * recognised by the hash of their last row.
   */
  findCommitted(writes: readonly JournalWrite[]): Promise<Set<string>>;

  /** Renews all of an owner's leases in one statement. */
  heartbeat(params: { readonly owner: string; readonly leaseMs: number; readonly leases: readonly LeaseRef[] }): Promise<HeartbeatResult>;

  /** Marks a run as to be cancelled, durably; makes it claimable when nobody holds it. */
  requestCancel(params: { readonly runId: string; readonly tenant: string; readonly reason: string | null }): Promise<CancelRequestOutcome>;

  /** Stores a signal and wakes its run, in one transaction. False when the run is unknown or over. */
  sendSignal(params: { readonly runId: string; readonly tenant: string; readonly name: string; readonly payload: Json }): Promise<boolean>;

  /** What a waiting run may be waiting for, read in one snapshot together with its wake-up count and cancel flag. */
  loadArrivals(params: { readonly runId: string; readonly childIds: readonly string[]; readonly signals: boolean }): Promise<Arrivals>;

  /**
   * From now on no run of the workflow starts; those that have started go on. Without effect on a workflow that is paused. One
   * that is created or claimed at the same moment may still start.
   */
  pauseWorkflow(request: PauseRequest): Promise<void>;

  /** Ends a pause and makes claimable what it held back, also what is being created meanwhile. False: it was not paused. */
  resumeWorkflow(params: { readonly tenant: string; readonly workflowId: string }): Promise<boolean>;

  /** Readies what time has made claimable. Set-based; safe to run on every node at once. */
  sweep(): Promise<SweepResult>;
}

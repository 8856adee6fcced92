import { isJsonObject, runRate, type RateSettings, type RunStatus, type WaitRecord } from '../../../engine/index.js';
import type { ConcurrencyHolder, LineStanding, LiveStanding, OpenStepStanding, WorkerStanding } from './explain-run.query.js';

export const REASON_TYPES = [
  'waiting_for_timer',
  'waiting_for_child',
  'waiting_for_signal',
  'waiting_for_approval',
  'retrying',
  'workflow_paused',
  'queued_for_concurrency',
  'waiting_for_rate',
  'waiting_for_worker',
  'scheduled',
  'running',
  'lease_expired',
  'cancelling',
  'terminal',
] as const;
export type ReasonType = (typeof REASON_TYPES)[number];

/** Why a run stands where it stands, since when, and what would move it. The other members depend on `type`. */
export interface Reason {
  readonly type: ReasonType;
  readonly since: string;
  readonly moved_by: string;
  readonly step?: string;
  readonly until?: string;
  readonly run_id?: string;
  readonly run_status?: RunStatus;
  readonly name?: string;
  readonly approval_id?: string;
  readonly reviewers?: readonly string[];
  readonly quorum?: number;
  readonly approvals?: number;
  readonly attempt?: number;
  readonly next_at?: string;
  readonly error?: { readonly code: string; readonly message: string };
  readonly key?: string;
  readonly limit?: number;
  readonly holders?: readonly ConcurrencyHolder[];
  readonly per_ms?: number;
  readonly burst?: number;
  readonly priority?: number;
  readonly by?: string;
  readonly ready_since?: string;
  readonly ahead?: number;
  readonly workers?: readonly { readonly owner: string; readonly runs: number; readonly lease_until: string }[];
  readonly run_at?: string;
  readonly steps?: readonly string[];
  readonly owner?: string | null;
  readonly lease_until?: string;
  readonly reason?: string | null;
  readonly status?: RunStatus;
}

/** What is told of a wait instead of `waiting_for_signal`, beyond its step and since when. */
export type WaitExplanation = Omit<Reason, 'since' | 'step'>;

export interface RunFacts {
  readonly standing: LiveStanding;
  readonly createdAt: Date;
  readonly openSteps: readonly OpenStepStanding[];
  /** Paths being worked on, when this process executes the run; they need not be in the journal yet. */
  readonly workingOn: readonly string[];
  readonly children: ReadonlyMap<string, RunStatus>;
  /** What signals that modules wait for mean, by their names. */
  readonly waits: ReadonlyMap<string, WaitExplanation>;
  readonly runRetry: { readonly at: Date; readonly until: number; readonly attempt: number } | null;
  /** Of a run that waits for its concurrency key. */
  readonly key: { readonly holders: readonly ConcurrencyHolder[]; readonly ahead: number };
  /** Of a run that waits for its turn by the workflow's rate. */
  readonly line: LineStanding | null;
  readonly rate: RateSettings | undefined;
  readonly queue: { readonly workers: readonly WorkerStanding[]; readonly ahead: number };
}

/** The reasons of a run that is not over, the most telling first. */
export function reasonsOf(facts: RunFacts): Reason[] {
  const { standing } = facts;
  const reasons: Reason[] = [];
  if (standing.cancel_requested_at !== null) reasons.push(cancelling(facts, standing.cancel_requested_at));
  const paused = pausedWorkflow(standing);
  reasons.push(...paused);
  switch (standing.state) {
    case 'queued':
      reasons.push(queuedForConcurrency(facts));
      break;
    case 'spaced':
      reasons.push(waitingForRate(facts));
      break;
    // Held back by a pause that is over, it is about to be let go.
    case 'paused':
    case 'ready':
      if (paused.length === 0) reasons.push(waitingForWorker(facts));
      break;
    case 'leased':
      reasons.push(...leased(facts));
      break;
    case 'waiting':
      reasons.push(...(standing.started_at === null ? [scheduled(facts)] : waits(facts)));
      break;
  }
  return reasons;
}

export function terminalReason(status: RunStatus, finishedAt: Date | null, createdAt: Date): Reason {
  return { type: 'terminal', status, since: (finishedAt ?? createdAt).toISOString(), moved_by: 'Nothing: the run is over.' };
}

/** The child runs that open steps wait for. */
export function awaitedChildren(openSteps: readonly OpenStepStanding[]): string[] {
  return openSteps.flatMap((step) => {
    const wait = waitOf(step);
    return wait?.kind === 'child' ? [wait.run_id] : [];
  });
}

function cancelling({ standing, openSteps, workingOn }: RunFacts, since: Date): Reason {
  return {
    type: 'cancelling',
    since: since.toISOString(),
    reason: standing.cancel_reason,
    owner: standing.owner,
    steps: union(
      workingOn,
      openSteps.map((step) => step.step),
    ),
    moved_by: 'The steps under way stop, or are given up when they do not stop in time.',
  };
}

function pausedWorkflow({
  paused_at: since,
  paused_by: by,
  pause_reason: reason,
  started_at,
  cancel_requested_at,
}: LiveStanding): Reason[] {
  if (since === null || by === null || started_at !== null || cancel_requested_at !== null) return [];
  return [
    {
      type: 'workflow_paused',
      since: since.toISOString(),
      by,
      reason,
      moved_by: 'The workflow is resumed (POST /workflows/{ref}/resume).',
    },
  ];
}

function queuedForConcurrency({ standing, key }: RunFacts): Reason {
  return {
    type: 'queued_for_concurrency',
    since: standing.ready_at.toISOString(),
    key: standing.concurrency_key ?? '',
    limit: standing.concurrency_limit ?? 1,
    holders: key.holders,
    ahead: key.ahead,
    moved_by: 'One of the runs that hold the key ends or is cancelled.',
  };
}

function waitingForRate({ standing, line, rate }: RunFacts): Reason {
  return {
    type: 'waiting_for_rate',
    since: standing.ready_at.toISOString(),
    ...(rate === undefined ? {} : { limit: rate.limit, per_ms: rate.per_ms, burst: runRate(rate).burst }),
    ...(line === null ? {} : { ahead: line.ahead, next_at: line.next_at.toISOString(), run_at: line.run_at.toISOString() }),
    moved_by: 'Its turn comes: the starts of the workflow are spaced by its rate.',
  };
}

function waitingForWorker({ standing, queue }: RunFacts): Reason {
  return {
    type: 'waiting_for_worker',
    since: standing.ready_at.toISOString(),
    ready_since: standing.ready_at.toISOString(),
    priority: standing.priority,
    ahead: queue.ahead,
    workers: queue.workers.map(({ owner, runs, lease_until }) => ({ owner, runs, lease_until: lease_until.toISOString() })),
    moved_by:
      queue.workers.length === 0
        ? 'A process that executes runs (HEDDLE_ROLE=all or worker) has room for it. None holds a run right now.'
        : 'A process that executes runs has room for it.',
  };
}

function scheduled({ standing, createdAt }: RunFacts): Reason {
  return {
    type: 'scheduled',
    since: createdAt.toISOString(),
    run_at: (standing.wake_at ?? standing.ready_at).toISOString(),
    moved_by: 'The time comes.',
  };
}

function leased(facts: RunFacts): Reason[] {
  const { standing, openSteps, workingOn } = facts;
  const leaseUntil = standing.lease_until ?? standing.now;
  if (leaseUntil.getTime() < standing.now.getTime()) {
    return [
      {
        type: 'lease_expired',
        since: leaseUntil.toISOString(),
        owner: standing.owner,
        moved_by: 'Any process that executes runs takes it over within moments.',
      },
    ];
  }
  const waiting = waits(facts);
  const started = openSteps.filter((step) => step.type === 'step.started');
  const steps = union(
    workingOn,
    started.map((step) => step.step),
  );
  if (steps.length === 0 && waiting.length > 0) return waiting;
  const running: Reason = {
    type: 'running',
    since: (started[0]?.at ?? standing.started_at ?? standing.ready_at).toISOString(),
    steps,
    owner: standing.owner,
    lease_until: leaseUntil.toISOString(),
    moved_by: 'The steps under way finish.',
  };
  return [running, ...waiting];
}

function waits(facts: RunFacts): Reason[] {
  const reasons = facts.openSteps.flatMap((step) => stepReason(step, facts));
  if (facts.runRetry !== null) {
    reasons.push({
      type: 'retrying',
      since: facts.runRetry.at.toISOString(),
      attempt: facts.runRetry.attempt + 1,
      next_at: new Date(facts.runRetry.until).toISOString(),
      moved_by: 'The time comes: then the run begins anew and keeps what succeeded.',
    });
  }
  return reasons;
}

function stepReason(step: OpenStepStanding, { children, standing, waits: meanings }: RunFacts): Reason[] {
  const common = { step: step.step, since: step.at.toISOString() };
  if (step.type === 'step.retrying') return [retrying(step)];
  const wait = waitOf(step);
  switch (wait?.kind) {
    case 'timer':
      // A timer that is over in a leased run has let its step go on.
      if (standing.state === 'leased' && wait.until <= standing.now.getTime()) return [];
      return [{ ...common, type: 'waiting_for_timer', until: new Date(wait.until).toISOString(), moved_by: 'The time comes.' }];
    case 'child': {
      const status = children.get(wait.run_id);
      return [
        {
          ...common,
          type: 'waiting_for_child',
          run_id: wait.run_id,
          ...(status === undefined ? {} : { run_status: status }),
          moved_by: 'The child run ends; its own explanation says why it has not.',
        },
      ];
    }
    case 'signal': {
      const meaning = meanings.get(wait.name);
      if (meaning !== undefined) return [{ ...common, ...meaning }];
      return [
        {
          ...common,
          type: 'waiting_for_signal',
          name: wait.name,
          ...(wait.deadline === undefined ? {} : { until: new Date(wait.deadline).toISOString() }),
          moved_by: wait.deadline === undefined ? 'The signal is sent to the run.' : 'The signal is sent to the run, or its time is over.',
        },
      ];
    }
    default:
      return [];
  }
}

function retrying(step: OpenStepStanding): Reason {
  const { next_at: nextAt, error } = step.data;
  return {
    type: 'retrying',
    step: step.step,
    since: step.at.toISOString(),
    attempt: step.attempt + 1,
    next_at: new Date(typeof nextAt === 'number' ? nextAt : step.at.getTime()).toISOString(),
    ...(isJsonObject(error) ? { error: { code: String(error['code']), message: String(error['message']) } } : {}),
    moved_by: 'The time of the next attempt comes.',
  };
}

function waitOf(step: OpenStepStanding): WaitRecord | null {
  const wait = step.data['wait'];
  return step.type === 'step.waiting' && isJsonObject(wait) ? (wait as unknown as WaitRecord) : null;
}

function union(...lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat())];
}

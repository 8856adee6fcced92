import {
  type JournalEntry,
  type JsonObject,
  type OutputRef,
  outputRefOf,
  RunHistory,
  type SerializedError,
  type TerminalRunStatus,
  type WorkflowDefinition,
} from '../../engine/index.js';
import { hasVisits, mayRestart, placesOf, sizeOf } from '../../engine/workflow/index.js';
import { type RunDto, usageOf } from './dto/run.dto.js';

const STATUS_OF: Readonly<Record<string, TerminalRunStatus>> = {
  'run.completed': 'success',
  'run.failed': 'failed',
  'run.cancelled': 'cancelled',
};

/** A run as it ended, told from its whole journal: what the database would answer, without asking it. */
export function endedRun(accepted: RunDto, definition: WorkflowDefinition, journal: readonly JournalEntry[], worker: string): RunDto {
  const last = journal.at(-1);
  const status = last === undefined ? undefined : STATUS_OF[last.type];
  if (last === undefined || status === undefined) throw new Error('the journal has no end');
  const data = JSON.parse(last.data) as JsonObject;
  const { completed, attempt } = standing(status, definition, journal);
  const startedAt = startOf(journal);
  const outputs = data['outputs'] ?? null;
  const error = status === 'failed' ? ((data['error'] ?? null) as unknown as SerializedError | null) : null;
  return {
    ...accepted,
    status,
    outputs,
    error,
    usage: usageOf({ kind: accepted.kind, outputs, error }),
    progress: { ...accepted.progress, completed },
    current_steps: [],
    attempt,
    worker,
    started_at: startedAt === null ? null : new Date(startedAt).toISOString(),
    finished_at: new Date(last.at).toISOString(),
    duration_ms: startedAt === null ? null : Math.max(0, last.at - startedAt),
  };
}

/** Where the outputs are when they are too large for the journal. */
export function outputRefAtEnd(journal: readonly JournalEntry[]): OutputRef | null {
  const last = journal.at(-1);
  // Most runs have none, and are not parsed for it.
  if (last?.type !== 'run.completed' || !last.data.includes('"output_ref":')) return null;
  return outputRefOf(JSON.parse(last.data) as JsonObject);
}

function startOf(journal: readonly JournalEntry[]): number | null {
  return journal.find((entry) => entry.type === 'run.started')?.at ?? null;
}

function standing(
  status: TerminalRunStatus,
  definition: WorkflowDefinition,
  journal: readonly JournalEntry[],
): { completed: number; attempt: number } {
  // Success settles every node of a graph, so there is nothing to count.
  if (status === 'success' && !hasVisits(definition) && !mayRestart(definition)) return { completed: sizeOf(definition), attempt: 1 };
  const history = RunHistory.from(journal);
  return { completed: settledVertices(history, definition), attempt: history.runAttempt };
}

function settledVertices({ steps }: RunHistory, definition: WorkflowDefinition): number {
  const settled = new Set<string>();
  for (const [path, { status }] of steps) {
    if (status === 'open') continue;
    for (const { vertex, own } of placesOf(definition, path)) if (own) settled.add(vertex);
  }
  return settled.size;
}

import { randomUUID } from 'node:crypto';
import type { WaitRecord } from '../journal/run-history.js';
import type { TerminalRunStatus } from '../model/statuses.js';
import type { Artifacts } from '../ports/artifacts.js';
import type { Clock } from '../ports/clock.js';
import type { Definitions, StoredDefinition } from '../ports/definitions.js';
import type { EngineLogger } from '../ports/logger.js';
import type { RunStore } from '../ports/run-store.js';
import type { Program } from './run-context.js';

export interface EngineOptions {
  /** Names this process in leases; unique among all that share the store. */
  readonly owner: string;
  /** Whether this process executes runs, or only creates and cancels them. */
  readonly executes: boolean;
  readonly leaseMs: number;
  /** Runs held in memory at once. */
  readonly concurrency: number;
  readonly parkAfterMs: number;
  readonly stopGraceMs: number;
  readonly journalLanes: number;
  /** How deep runs may start runs. */
  readonly maxDepth: number;
  /** Bytes of JSON that the journal takes of an output; what is longer is kept as artifacts are, if the engine has them. */
  readonly maxInlineOutput: number;
  /** Longest pause between two looks for claimable runs, milliseconds; hints make it shorter. */
  readonly pollMs: number;
}

export const DEFAULT_ENGINE_OPTIONS: Omit<EngineOptions, 'owner'> = {
  executes: true,
  leaseMs: 10_000,
  concurrency: 500,
  parkAfterMs: 1_000,
  stopGraceMs: 5_000,
  journalLanes: 1,
  maxDepth: 16,
  maxInlineOutput: 256 * 1024,
  pollMs: 1_000,
};

/** Word to other processes that something changed; lost hints cost time, never correctness. */
export interface EngineHints {
  /** Runs are claimable. */
  ready(): void;
  /** The given runs got a wake-up, a signal or a cancel; whoever holds them should look. */
  wake(runIds: readonly string[]): void;
}

export interface EngineDependencies {
  readonly store: RunStore;
  readonly definitions: Definitions;
  /** The interpreter for a definition; implementations cache by version id. */
  readonly programs: (definition: StoredDefinition) => Program;
  readonly newId: () => string;
  readonly hints: EngineHints;
  readonly logger: EngineLogger;
  /** Without it steps cannot keep files. */
  readonly artifacts?: Artifacts;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** What became of a cancel request. */
export type CancelReceipt =
  { readonly status: 'cancelling'; readonly stopping: readonly string[] } | { readonly status: TerminalRunStatus; readonly terminal: true };

/** What this process knows of a run it holds. */
export interface RunInspection {
  readonly running: readonly string[];
  readonly waiting: readonly { readonly path: string; readonly wait: WaitRecord }[];
}

/** A name for a process in leases: readable first, unique second. */
export function ownerName(host: string, pid: number): string {
  return `${host}:${pid}:${randomUUID().slice(0, 8)}`;
}

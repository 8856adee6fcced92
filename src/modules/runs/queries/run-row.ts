import type { RunStatus, SerializedError } from '../../../engine/index.js';

/** A row of the view `run_overview`. */
export interface RunRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly kind: 'workflow' | 'agent';
  readonly workflow_id: string | null;
  readonly version_id: string;
  readonly subject_name: string;
  readonly subject_version: number;
  readonly status: RunStatus;
  readonly priority: number;
  readonly tags: string[];
  readonly trigger: string;
  readonly parent_run_id: string | null;
  readonly parent_step: string | null;
  readonly resumed_from: string | null;
  readonly depth: number;
  readonly concurrency_key: string | null;
  readonly run_at: Date | null;
  /** bigint, so text. */
  readonly timeout_ms: string | null;
  readonly error: SerializedError | null;
  readonly worker: string | null;
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
  readonly live_state: 'queued' | 'spaced' | 'paused' | 'ready' | 'leased' | 'waiting' | null;
  readonly wake_at: Date | null;
  readonly lease_until: Date | null;
  readonly epoch: number | null;
  readonly cancel_requested_at: Date | null;
  readonly cancel_reason: string | null;
}

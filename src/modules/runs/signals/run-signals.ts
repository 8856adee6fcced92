import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { type Json, RunEngine } from '../../../engine/index.js';
import { SEND_SIGNAL } from '../store/run-store.sql.js';

export interface RunSignal {
  readonly tenant: string;
  readonly runId: string;
  readonly name: string;
  readonly payload: Json;
}

/** `over`: the run has ended, or there is none. `cancelling`: it will not go on, so nothing was sent. */
export type SendOutcome = 'sent' | 'over' | 'cancelling';

/** Signals to runs, alone or together with what a module writes in the same transaction. */
@Injectable()
export class RunSignals {
  constructor(private readonly engine: RunEngine) {}

  /** False when the run is over, or the tenant has none of that id. */
  send(signal: RunSignal): Promise<boolean> {
    return this.engine.signal(signal);
  }

  /** Stores a signal in the caller's transaction. After the commit the caller calls `wake`. */
  async sendWithin(manager: EntityManager, { tenant, runId, name, payload }: RunSignal): Promise<SendOutcome> {
    // The lock keeps a cancel from being accepted between this look and the commit.
    const [live] = await manager.query<{ cancelling: boolean }[]>(
      'SELECT cancel_requested_at IS NOT NULL AS cancelling FROM live_runs WHERE run_id = $1 AND tenant_id = $2 FOR NO KEY UPDATE',
      [runId, tenant],
    );
    if (live === undefined) return 'over';
    if (live.cancelling) return 'cancelling';
    await manager.query(SEND_SIGNAL, [runId, tenant, name, JSON.stringify(payload)]);
    return 'sent';
  }

  /** Word that a signal stored by `sendWithin` is committed. Without it the run would go on too, later. */
  wake(runId: string): void {
    this.engine.woken([runId]);
  }
}

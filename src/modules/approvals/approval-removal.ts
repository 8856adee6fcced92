import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { type RunRemoval, RunRemovals } from '../runs/index.js';

/** Approvals go with their run. */
@Injectable()
export class ApprovalRemoval implements RunRemoval, OnModuleInit {
  constructor(private readonly removals: RunRemovals) {}

  onModuleInit(): void {
    this.removals.register(this);
  }

  async remove(manager: EntityManager, runIds: readonly string[]): Promise<void> {
    await manager.query('DELETE FROM approvals WHERE run_id = ANY($1::uuid[])', [runIds]);
  }
}

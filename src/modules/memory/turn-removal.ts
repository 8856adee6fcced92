import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { type RunRemoval, RunRemovals } from '../runs/index.js';

/** Notes about a run's turns go with it. What was said stays: a conversation lives as long as its session. */
@Injectable()
export class TurnRemoval implements RunRemoval, OnModuleInit {
  constructor(private readonly removals: RunRemovals) {}

  onModuleInit(): void {
    this.removals.register(this);
  }

  async remove(manager: EntityManager, runIds: readonly string[]): Promise<void> {
    await manager.query('DELETE FROM memory_turns WHERE run_id = ANY ($1::uuid[])', [runIds]);
  }
}

import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { type DefinitionExtension, DefinitionExtensions, type VersionBeingStored } from '../workflows/index.js';

/** `settings.retention` of definitions: that of a workflow's latest version is in force, for runs of every version. */
@Injectable()
export class DefinitionRetention implements DefinitionExtension, OnModuleInit {
  constructor(private readonly extensions: DefinitionExtensions) {}

  onModuleInit(): void {
    this.extensions.register(this);
  }

  /** The schema of definitions says it all. */
  check(): [] {
    return [];
  }

  async stored(manager: EntityManager, { tenant, workflowId, definition }: VersionBeingStored): Promise<void> {
    const retention = definition.settings?.retention;
    if (retention === undefined) {
      await manager.query('DELETE FROM workflow_retentions WHERE workflow_id = $1', [workflowId]);
      return;
    }
    const { success, failed, cancelled } = retention;
    await manager.query(
      `INSERT INTO workflow_retentions (workflow_id, tenant_id, success_days, failed_days, cancelled_days) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (workflow_id) DO UPDATE SET
         success_days = excluded.success_days, failed_days = excluded.failed_days, cancelled_days = excluded.cancelled_days`,
      [workflowId, tenant, ...[success, failed, cancelled].map((days) => (days === null ? 'Infinity' : (days ?? null)))],
    );
  }
}

import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { isUuid } from '../../../platform/http/cursor.js';

/** Finds the workflows a reference means, deleted ones too: their runs stay. A name may have had several ids. */
@Injectable()
export class WorkflowIdsQuery {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async execute(tenant: string, ref: string): Promise<string[]> {
    if (isUuid(ref)) return [ref.toLowerCase()];
    const rows = await this.dataSource.query<{ id: string }[]>(
      `SELECT id FROM workflows WHERE tenant_id = $1 AND (namespace || '/' || name = $2 OR name = $2) ORDER BY id`,
      [tenant, ref],
    );
    return rows.map(({ id }) => id);
  }
}

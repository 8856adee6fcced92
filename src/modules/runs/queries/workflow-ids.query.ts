import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { isUuid } from '../../../platform/http/cursor.js';
import { parseWorkflowName } from '../../workflows/index.js';

/** Finds the workflows a reference means, deleted ones too: their runs stay. A name may have had several ids. */
@Injectable()
export class WorkflowIdsQuery {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async execute(tenant: string, ref: string): Promise<string[]> {
    if (isUuid(ref)) return [ref.toLowerCase()];
    const name = parseWorkflowName(ref);
    if (name === null) return [];
    const rows = await this.dataSource.query<{ id: string }[]>(
      'SELECT id FROM workflows WHERE tenant_id = $1 AND namespace = $2 AND name = $3 ORDER BY id',
      [tenant, name.namespace, name.name],
    );
    return rows.map(({ id }) => id);
  }
}

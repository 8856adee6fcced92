import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { StorageStatusDto } from './dto/system.dto.js';

interface Row {
  readonly database_bytes: string;
  readonly journal_bytes: string;
  readonly schema_version: string;
}

/** What the database holds. */
@Injectable()
export class StorageQuery {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async execute(): Promise<StorageStatusDto> {
    const [row] = await this.dataSource.query<Row[]>(
      `SELECT pg_database_size(current_database())::text AS database_bytes,
              (SELECT coalesce(sum(pg_total_relation_size(inhrelid)), 0)::text FROM pg_inherits WHERE inhparent = 'run_events'::regclass) AS journal_bytes,
              (SELECT max(timestamp)::text FROM schema_migrations) AS schema_version`,
    );
    return {
      database_bytes: Number(row?.database_bytes ?? 0),
      journal_bytes: Number(row?.journal_bytes ?? 0),
      schema_version: Number(row?.schema_version ?? 0),
    };
  }
}

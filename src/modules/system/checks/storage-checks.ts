import { Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { DoctorRegistry, type Finding } from '../../../platform/doctor/index.js';
import { JournalPartitions } from '../../runs/index.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const SHOWN = 25;
/** A table is worth a word when so much of it is dead. */
const DEAD_SHARE = 0.3;
const DEAD_ROWS = 10_000;

interface TableRow {
  readonly name: string;
  readonly partitions: number;
  readonly table_bytes: number;
  readonly index_bytes: number;
  readonly live_rows: number;
  readonly dead_rows: number;
  readonly last_vacuum: Date | null;
}

/** What lies in the database, and how well it is kept. Sizes are bytes; rows are the estimates of the database's statistics. */
@Injectable()
export class StorageChecks implements OnModuleInit {
  constructor(
    private readonly doctor: DoctorRegistry,
    private readonly partitions: JournalPartitions,
    @InjectDataSource() private readonly dataSource: DataSource,
  ) {}

  onModuleInit(): void {
    this.doctor.register('tables', () => this.tables());
    this.doctor.register('partitions', () => this.journal());
  }

  private async tables(): Promise<Finding> {
    const rows = await this.dataSource.query<TableRow[]>(
      `SELECT coalesce(p.inhparent, c.oid)::regclass::text AS name, (count(*) FILTER (WHERE p.inhparent IS NOT NULL))::int AS partitions,
              sum(pg_table_size(c.oid))::float8 AS table_bytes, sum(pg_indexes_size(c.oid))::float8 AS index_bytes,
              sum(coalesce(s.n_live_tup, 0))::float8 AS live_rows, sum(coalesce(s.n_dead_tup, 0))::float8 AS dead_rows,
              max(greatest(s.last_vacuum, s.last_autovacuum)) AS last_vacuum
       FROM pg_class c LEFT JOIN pg_inherits p ON p.inhrelid = c.oid LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
       WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
       GROUP BY 1 ORDER BY sum(pg_total_relation_size(c.oid)) DESC`,
    );
    const tables = rows.map((row) => {
      const dead = row.dead_rows / Math.max(1, row.live_rows + row.dead_rows);
      return { ...row, dead_share: Math.round(dead * 1000) / 1000, bloat_bytes: Math.round(dead * row.table_bytes) };
    });
    const total = tables.reduce((sum, { table_bytes, index_bytes }) => sum + table_bytes + index_bytes, 0);
    const bloated = tables.filter(({ dead_rows, dead_share }) => dead_rows > DEAD_ROWS && dead_share > DEAD_SHARE).map(({ name }) => name);
    const details = { total_bytes: total, bloated, tables: tables.slice(0, SHOWN) };
    if (bloated.length === 0) return { status: 'ok', message: `${Math.round(total / 2 ** 20)} MiB in ${tables.length} tables`, details };
    return { status: 'warning', message: `vacuum does not keep up with ${bloated.join(', ')}: see \`transactions\``, details };
  }

  private async journal(): Promise<Finding> {
    const list = await this.partitions.list();
    const strays = await this.partitions.strays();
    const now = Date.now();
    const covered = (at: number): boolean => list.some(({ from, to }) => from <= at && at < to);
    const details = {
      default_rows: strays,
      partitions: list.slice(-SHOWN).map(({ name, from, to, bytes }) => ({ name, from: momentOf(from), to: momentOf(to), bytes })),
      count: list.length,
    };
    if (!covered(now)) return { status: 'error', message: 'the journal has no partition for now: no worker makes them', details };
    if (!covered(now + DAY_MS))
      return { status: 'warning', message: 'the journal has no partition for tomorrow: no worker makes them', details };
    if (strays > 0) {
      return { status: 'warning', message: 'some journal rows are of runs whose ids tell a time without a partition', details };
    }
    return { status: 'ok', message: `the journal has ${list.length} partitions`, details };
  }
}

function momentOf(epochMs: number): string | null {
  return Number.isFinite(epochMs) ? new Date(epochMs).toISOString() : null;
}

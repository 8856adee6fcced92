import { Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { Database } from '../../platform/database/index.js';
import { DoctorRegistry, type Finding } from '../../platform/doctor/index.js';

/** From so many chunks in one collection on, comparing all vectors for every query is felt. */
const FELT_FROM = 20_000;

/** How vectors are searched in this installation. */
@Injectable()
export class VectorsCheck implements OnModuleInit {
  constructor(
    private readonly doctor: DoctorRegistry,
    private readonly database: Database,
    @InjectDataSource() private readonly dataSource: DataSource,
  ) {}

  onModuleInit(): void {
    this.doctor.register('vectors', () => this.look());
  }

  private async look(): Promise<Finding> {
    const { pgvector } = this.database.info;
    const [row] = await this.dataSource.query<{ collections: number; chunks: number; largest: number; indexes: number; broken: number }[]>(
      `SELECT c.collections, c.chunks, c.largest, i.indexes, i.broken FROM
         (SELECT count(*)::int AS collections, coalesce(sum(n), 0)::float8 AS chunks, coalesce(max(n), 0)::float8 AS largest
            FROM (SELECT coalesce(sum(d.chunks), 0) AS n FROM rag_collections k LEFT JOIN rag_documents d ON d.collection_id = k.id GROUP BY k.id) s) c,
         (SELECT (count(*) FILTER (WHERE x.indisvalid))::int AS indexes, (count(*) FILTER (WHERE NOT x.indisvalid))::int AS broken
            FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_am a ON a.oid = i.relam
            WHERE x.indrelid = 'rag_chunks'::regclass AND a.amname = 'hnsw') i`,
    );
    const { broken = 0, largest = 0 } = row ?? {};
    const details = { search: pgvector ? 'pgvector' : 'exact', ...row };
    if (broken > 0) {
      const message = `${broken} vector indexes are not whole: the next ingest into their collections makes them anew`;
      return { status: 'warning', message, details };
    }
    if (pgvector) return { status: 'ok', message: 'vectors are searched by pgvector; large collections have an index', details };
    if (largest < FELT_FROM) return { status: 'ok', message: 'vectors are compared one by one: the database has no pgvector', details };
    return { status: 'warning', message: 'a collection is large and its vectors are compared one by one: install pgvector', details };
  }
}

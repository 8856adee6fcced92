import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import type { JsonObject } from '../../engine/index.js';
import { Database } from '../../platform/database/index.js';
import { decodeCursor, encodeCursor, isUuid } from '../../platform/http/cursor.js';
import { type Page, pageOf } from '../../platform/http/page.js';
import { storable } from './session.store.js';

/** `fact`: stored by request. `turn`: kept of a conversation. */
export type EntrySource = 'fact' | 'turn';

/** What semantic memory holds, as it is stored. */
export interface EntryRow {
  readonly id: string;
  readonly source: EntrySource;
  readonly text: string;
  readonly session: string | null;
  readonly subject: string | null;
  readonly metadata: JsonObject;
  readonly run_id: string | null;
  readonly step: string | null;
  readonly created_at: Date;
  readonly expires_at: Date | null;
}

export interface NewEntry {
  readonly id: string;
  readonly source: EntrySource;
  readonly text: string;
  readonly embedding: Float32Array;
  /** See `vectorSpace`. */
  readonly space: string;
  readonly metadata: JsonObject;
  readonly session?: string;
  readonly subject: string | null;
  readonly runId?: string;
  readonly step?: string;
  /** Seconds. */
  readonly ttl?: number | undefined;
}

/** Whose entries are looked at: of a subject, of none, or of both. Null: everybody's. */
export interface Whose {
  readonly subject: string | null;
  readonly nobodys: boolean;
}

export type FoundEntry = EntryRow & { readonly score: number };

/** A text as a vector, and what it compares with. */
export interface QueryVector {
  readonly vector: Float32Array;
  readonly space: string;
}

interface Limits {
  readonly limit: number;
  /** Least cosine. */
  readonly threshold: number;
}

interface Candidate {
  readonly id: string;
  readonly score: number;
}

const COLUMNS = 'id, source, text, session, subject, metadata, run_id, step, created_at, expires_at';
const SEEN = `tenant_id = $1 AND agent = $2 AND (expires_at IS NULL OR expires_at > now())
  AND ($3::boolean OR subject = $4::text OR $5::boolean AND subject IS NULL)`;

/** Texts that are found by meaning. Every vector of an agent and of the model asked is compared: the nearest is the nearest. */
@Injectable()
export class EntryStore {
  constructor(
    private readonly database: Database,
    @InjectDataSource() private readonly dataSource: DataSource,
  ) {}

  async insert(
    tenant: string,
    agent: string,
    entries: readonly NewEntry[],
    manager: EntityManager = this.dataSource.manager,
  ): Promise<void> {
    for (const entry of entries) {
      await manager.query(
        `INSERT INTO memory_entries (id, tenant_id, agent, source, text, session, subject, metadata, run_id, step, embedding, expires_at, model)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::real[], now() + $12::double precision * interval '1 s', $13)`,
        [
          entry.id,
          tenant,
          agent,
          entry.source,
          storable(entry.text),
          entry.session ?? null,
          entry.subject,
          JSON.stringify(entry.metadata),
          entry.runId ?? null,
          entry.step ?? null,
          [...entry.embedding],
          entry.ttl ?? null,
          entry.space,
        ],
      );
    }
  }

  /** Best first. */
  async search(tenant: string, agent: string, whose: Whose | null, query: QueryVector, limits: Limits): Promise<FoundEntry[]> {
    const seen = [tenant, agent, whose === null, whose?.subject ?? null, whose?.nobodys ?? false];
    const candidates = await (this.database.info.pgvector ? this.byPgvector(seen, query, limits) : this.exactly(seen, query, limits));
    const rows = await this.dataSource.query<EntryRow[]>(`SELECT ${COLUMNS} FROM memory_entries WHERE id = ANY ($1::uuid[])`, [
      candidates.map(({ id }) => id),
    ]);
    const byId = new Map(rows.map((row) => [row.id, row]));
    // One may have been deleted just now.
    return candidates.flatMap(({ id, score }) => {
      const row = byId.get(id);
      return row === undefined ? [] : [{ ...row, score }];
    });
  }

  /** Newest first. */
  async list<T>(
    tenant: string,
    agent: string,
    query: { readonly limit: number; readonly cursor?: string; readonly source?: EntrySource; readonly subject?: string },
    toDto: (row: EntryRow) => T,
  ): Promise<Page<T>> {
    const { subject = null, source = null } = query;
    const before = query.cursor === undefined ? null : decodeCursor(query.cursor, isUuid);
    const rows = await this.dataSource.query<EntryRow[]>(
      `SELECT ${COLUMNS} FROM memory_entries
       WHERE ${SEEN} AND ($6::uuid IS NULL OR id < $6) AND ($7::text IS NULL OR source = $7) ORDER BY id DESC LIMIT ${query.limit + 1}`,
      [tenant, agent, subject === null, subject, false, before, source],
    );
    return pageOf(rows, query.limit, toDto, (row) => encodeCursor(row.id));
  }

  async find(tenant: string, agent: string, id: string): Promise<EntryRow | null> {
    const [row] = await this.dataSource.query<EntryRow[]>(
      `SELECT ${COLUMNS} FROM memory_entries WHERE tenant_id = $1 AND agent = $2 AND id = $3`,
      [tenant, agent, id],
    );
    return row ?? null;
  }

  async delete(tenant: string, agent: string, id: string): Promise<boolean> {
    const [, count] = await this.dataSource.query<[unknown, number]>(
      'DELETE FROM memory_entries WHERE tenant_id = $1 AND agent = $2 AND id = $3',
      [tenant, agent, id],
    );
    return count > 0;
  }

  /** How many were deleted. */
  async deleteExpired(limit: number): Promise<number> {
    const [, count] = await this.dataSource.query<[unknown, number]>(
      `DELETE FROM memory_entries WHERE id IN (
         SELECT id FROM memory_entries WHERE expires_at <= now() ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)`,
      [limit],
    );
    return count;
  }

  private byPgvector(seen: readonly unknown[], { vector: query, space }: QueryVector, { limit, threshold }: Limits): Promise<Candidate[]> {
    const distance = `embedding::vector(${query.length}) <=> $6::vector(${query.length})`;
    // First those of the model: vectors of another length do not compare.
    return this.dataSource.query<Candidate[]>(
      `WITH seen AS MATERIALIZED (SELECT id, embedding FROM memory_entries WHERE ${SEEN} AND model = $9)
       SELECT id, 1 - (${distance}) AS score FROM seen WHERE ${distance} <= 1 - $7::double precision ORDER BY ${distance}, id LIMIT $8`,
      [...seen, `[${query.join(',')}]`, threshold, limit, space],
    );
  }

  /** Without pgvector every vector that is seen is compared, in the database, so that none of them travels. */
  private exactly(seen: readonly unknown[], { vector, space }: QueryVector, { limit, threshold }: Limits): Promise<Candidate[]> {
    return this.dataSource.query<Candidate[]>(
      `SELECT id, score FROM (
         SELECT id, (SELECT sum(v.stored * v.asked) FROM unnest(embedding, $6::real[]) AS v (stored, asked))::double precision AS score
         FROM memory_entries WHERE ${SEEN} AND model = $9) AS compared
       WHERE score >= $7 ORDER BY score DESC, id LIMIT $8`,
      [...seen, Array.from(vector), threshold, limit, space],
    );
  }
}

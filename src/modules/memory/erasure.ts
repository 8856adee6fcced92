import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';

/** What was erased. */
export interface Erased {
  readonly sessions: number;
  readonly messages: number;
  /** Of semantic memory: facts, and what was kept of turns. */
  readonly facts: number;
  /** Turns under way that will leave nothing. */
  readonly turns: number;
  /** Runs whose journals still show what was said. */
  readonly runIds: readonly string[];
}

/** Which part of an agent's memory. */
export type Part = { readonly session: string } | { readonly subject: string } | 'all';

const MAX_RUN_IDS = 10_000;
const OF_AGENT = 'tenant_id = $1 AND agent = $2';

/** Erases all that memory has of something, at once and for good. */
@Injectable()
export class Erasure {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /**
   * A turn that is under way has read what is erased now, so it is told to leave nothing; one that waits has not, and goes on.
   * Turns come first: one that is finishing is waited for, and what it leaves is erased with the rest.
   */
  erase(tenant: string, agent: string, part: Part): Promise<Erased> {
    const { rows, turns, value } = conditions(part);
    const parameters = [tenant, agent, ...value];
    return this.dataSource.transaction(async (manager) => {
      const count = async (sql: string): Promise<number> => (await manager.query<[unknown, number]>(sql, parameters))[1];
      const underWay = await count(
        `UPDATE memory_turns SET remembered = false WHERE ${OF_AGENT} AND state = 'begun' AND remembered AND ${turns}`,
      );
      await manager.query(`SELECT FROM memory_sessions WHERE ${OF_AGENT} AND ${rows} ORDER BY id FOR UPDATE`, parameters);
      const runs = await manager.query<{ run_id: string }[]>(
        `SELECT DISTINCT run_id FROM memory_messages
         WHERE session_id IN (SELECT id FROM memory_sessions WHERE ${OF_AGENT} AND ${rows}) ORDER BY run_id LIMIT ${MAX_RUN_IDS}`,
        parameters,
      );
      const messages = await count(
        `DELETE FROM memory_messages WHERE session_id IN (SELECT id FROM memory_sessions WHERE ${OF_AGENT} AND ${rows})`,
      );
      return {
        turns: underWay,
        messages,
        sessions: await count(`DELETE FROM memory_sessions WHERE ${OF_AGENT} AND ${rows}`),
        facts: await count(`DELETE FROM memory_entries WHERE ${OF_AGENT} AND ${rows}`),
        runIds: runs.map(({ run_id: id }) => id),
      };
    });
  }
}

function conditions(part: Part): { readonly rows: string; readonly turns: string; readonly value: readonly string[] } {
  if (part === 'all') return { rows: 'true', turns: 'true', value: [] };
  if ('session' in part) return { rows: 'session = $3', turns: 'session = $3', value: [part.session] };
  // A turn may go on with a subject's session without naming the subject.
  const turns = `(subject = $3 OR session IN (SELECT session FROM memory_sessions WHERE ${OF_AGENT} AND subject = $3))`;
  return { rows: 'subject = $3', turns, value: [part.subject] };
}

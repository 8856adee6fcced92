import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { conditions, OF_AGENT, type Part } from './parts.js';

/** What was erased. */
export interface Erased {
  readonly sessions: number;
  readonly messages: number;
  /** Of semantic memory: facts, and what was kept of turns. */
  readonly facts: number;
  /** Turns under way that will leave nothing. */
  readonly turns: number;
}

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
      const messages = await count(
        `DELETE FROM memory_messages WHERE session_id IN (SELECT id FROM memory_sessions WHERE ${OF_AGENT} AND ${rows})`,
      );
      return {
        turns: underWay,
        messages,
        sessions: await count(`DELETE FROM memory_sessions WHERE ${OF_AGENT} AND ${rows}`),
        facts: await count(`DELETE FROM memory_entries WHERE ${OF_AGENT} AND ${rows}`),
      };
    });
  }
}

import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { StepError } from '../../engine/index.js';
import { RunSignals } from '../runs/index.js';
import { type MemoryTurn, sessionSignal } from './agent-memory.js';

/** A conversation of an agent. */
export interface SessionKey {
  readonly tenant: string;
  readonly agent: string;
  readonly session: string;
}

/** `unknown`: this run never asked for it, as one that was resumed and has the beginning from another's journal. */
export type TurnState = 'unknown' | 'waiting' | 'begun' | 'done';

interface InLine {
  readonly run_id: string;
  readonly step: string;
  readonly state: 'waiting' | 'begun';
}

const LOCK = `SELECT pg_advisory_xact_lock(hashtextextended(concat_ws(E'\\x1f', $1::text, $2::text, $3::text), 7406))`;
const OF_SESSION = 'tenant_id = $1 AND agent = $2 AND session = $3';
/** Whoever waits asks again every 30 s; who has not for so long (its step was given up) holds nobody up. */
const SILENT_SECONDS = 120;

/**
 * The line of turns before a session. Everything about one session happens under its lock, so that places in the line are in the
 * order in which turns asked, and nobody is passed over.
 */
@Injectable()
export class SessionTurns {
  constructor(
    private readonly signals: RunSignals,
    @InjectDataSource() private readonly dataSource: DataSource,
  ) {}

  /** Whether the turn may begin: it is the first in the line. Asked again, it keeps its place. */
  async begin(turn: MemoryTurn): Promise<boolean> {
    return this.exclusively(turn, async (manager) => {
      await refuseOtherSubject(manager, turn);
      const [mine] = await manager.query<{ state: TurnState }[]>(
        `INSERT INTO memory_turns (run_id, step, tenant_id, agent, session, subject, state)
         VALUES ($1, $2, $3, $4, $5, $6, 'waiting') ON CONFLICT (run_id, step) DO UPDATE SET asked_at = now() RETURNING state`,
        [turn.runId, turn.step, turn.tenant, turn.agent, turn.session, turn.subject ?? null],
      );
      if (mine?.state === 'done') return { result: true, woken: null };
      await this.dropOver(manager, turn, turn.runId);
      const first = await firstInLine(manager, turn, false);
      if (first !== null && (first.run_id !== turn.runId || first.step !== turn.step)) {
        await refuseOwnAncestor(manager, turn, first);
        return { result: false, woken: null };
      }
      await manager.query("UPDATE memory_turns SET state = 'begun' WHERE run_id = $1 AND step = $2", [turn.runId, turn.step]);
      return { result: true, woken: null };
    });
  }

  /** Ends the turn: `work` is done in the same transaction, unless the turn is done already or was told to leave nothing. */
  async finish(turn: MemoryTurn, work: (manager: EntityManager) => Promise<void>): Promise<void> {
    await this.exclusively(turn, async (manager) => {
      const [row] = await manager.query<{ state: TurnState; remembered: boolean }[]>(
        'SELECT state, remembered FROM memory_turns WHERE run_id = $1 AND step = $2 FOR UPDATE',
        [turn.runId, turn.step],
      );
      if (row?.state === 'done') return { result: null, woken: null };
      if (row?.remembered !== false) await work(manager);
      // That it is done is all that is still needed of it; whose session it was can be erased.
      await manager.query(
        `INSERT INTO memory_turns (run_id, step, tenant_id, agent, session, state) VALUES ($1, $2, $3, $4, '', 'done')
         ON CONFLICT (run_id, step) DO UPDATE SET state = 'done', session = '', subject = NULL`,
        [turn.runId, turn.step, turn.tenant, turn.agent],
      );
      return { result: null, woken: await this.next(manager, turn) };
    });
  }

  /** Gives the turn's place up, unless it is done. */
  async abandon(turn: MemoryTurn): Promise<void> {
    await this.exclusively(turn, async (manager) => {
      await manager.query("DELETE FROM memory_turns WHERE run_id = $1 AND step = $2 AND state <> 'done'", [turn.runId, turn.step]);
      return { result: null, woken: await this.next(manager, turn) };
    });
  }

  /** Notes of turns that are done, once their run cannot ask any more. */
  async forgetDone(limit: number): Promise<number> {
    const [, count] = await this.dataSource.query<[unknown, number]>(
      `DELETE FROM memory_turns WHERE (run_id, step) IN (
         SELECT run_id, step FROM memory_turns t
         WHERE state = 'done' AND NOT EXISTS (SELECT FROM live_runs l WHERE l.run_id = t.run_id) LIMIT $1 FOR UPDATE SKIP LOCKED)`,
      [limit],
    );
    return count;
  }

  /** Gives sessions whose turn's run is over to the next in their line. */
  async releaseEnded(): Promise<void> {
    const sessions = await this.dataSource.query<SessionKey[]>(
      `SELECT DISTINCT tenant_id AS tenant, agent, session FROM memory_turns t
       WHERE state <> 'done' AND NOT EXISTS (SELECT FROM live_runs l WHERE l.run_id = t.run_id) LIMIT 500`,
    );
    for (const session of sessions) {
      await this.exclusively(session, async (manager) => {
        await this.dropOver(manager, session, null);
        return { result: null, woken: await this.next(manager, session) };
      });
    }
  }

  /** Does something to a session as nobody else does; whom it gave the session to is woken after the commit. */
  private async exclusively<T>(
    { tenant, agent, session }: SessionKey,
    work: (manager: EntityManager) => Promise<{ readonly result: T; readonly woken: string | null }>,
  ): Promise<T> {
    const { result, woken } = await this.dataSource.transaction(async (manager) => {
      await manager.query(LOCK, [tenant, agent, session]);
      return work(manager);
    });
    if (woken !== null) this.signals.wake(woken);
    return result;
  }

  private async dropOver(manager: EntityManager, { tenant, agent, session }: SessionKey, exceptRun: string | null): Promise<void> {
    await manager.query(
      `DELETE FROM memory_turns t WHERE ${OF_SESSION} AND state <> 'done' AND run_id IS DISTINCT FROM $4::uuid
         AND NOT EXISTS (SELECT FROM live_runs l WHERE l.run_id = t.run_id)`,
      [tenant, agent, session, exceptRun],
    );
  }

  /** Signals the run that is next in the line, and answers whom to wake. Runs that will not go on are left out. */
  private async next(manager: EntityManager, session: SessionKey): Promise<string | null> {
    for (;;) {
      const first = await firstInLine(manager, session, true);
      if (first === null || first.state === 'begun') return null;
      const signal = { tenant: session.tenant, runId: first.run_id, name: sessionSignal({ ...session, step: first.step }), payload: null };
      if ((await this.signals.sendWithin(manager, signal)) === 'sent') return first.run_id;
      await manager.query('DELETE FROM memory_turns WHERE run_id = $1 AND step = $2', [first.run_id, first.step]);
    }
  }
}

/** With `patient`, those too who have not asked for long. */
async function firstInLine(manager: EntityManager, { tenant, agent, session }: SessionKey, patient: boolean): Promise<InLine | null> {
  const [first] = await manager.query<InLine[]>(
    `SELECT run_id, step, state FROM memory_turns
     WHERE ${OF_SESSION} AND (state = 'begun' OR state = 'waiting' AND ($4 OR asked_at > now() - interval '${SILENT_SECONDS} s'))
     ORDER BY state = 'waiting', place LIMIT 1`,
    [tenant, agent, session, patient],
  );
  return first ?? null;
}

async function refuseOtherSubject(manager: EntityManager, { tenant, agent, session, subject = null }: MemoryTurn): Promise<void> {
  if (subject === null) return;
  const others = await manager.query<unknown[]>(
    `SELECT 1 FROM memory_sessions WHERE ${OF_SESSION} AND subject <> $4 AND (expires_at IS NULL OR expires_at > now())`,
    [tenant, agent, session, subject],
  );
  if (others.length > 0) {
    throw new StepError('other_subject', `the session ${JSON.stringify(session)} is about another subject`, { retryable: false });
  }
}

/** A turn inside of another one of the same session would wait for what waits for it. */
async function refuseOwnAncestor(manager: EntityManager, turn: MemoryTurn, first: InLine): Promise<void> {
  const ancestors = await manager.query<unknown[]>(
    `WITH RECURSIVE above AS (
       SELECT parent_run_id AS id FROM runs WHERE id = $1
       UNION SELECT r.parent_run_id FROM above JOIN runs r ON r.id = above.id
     ) SELECT 1 FROM above WHERE id = $2`,
    [turn.runId, first.run_id],
  );
  const inside = first.run_id === turn.runId && turn.step.startsWith(`${first.step}/`);
  if (ancestors.length > 0 || inside) {
    const message = `the session ${JSON.stringify(turn.session)} is held by the turn that asks; give the inner agent a session of its own`;
    throw new StepError('session_busy', message, { retryable: false });
  }
}

import { Inject, Injectable } from '@nestjs/common';
import { ENGINE_POOL, type EnginePool } from '../../platform/database/index.js';
import { isUuid } from '../../platform/http/cursor.js';
import { parseWorkflowName } from './workflow-name.js';

/** Questions of one statement. */
const MAX_AT_ONCE = 500;

/** By id or by name, whichever is not null: two lookups by index for each question. What is not deployed is found by version only. */
const FIND_VERSIONS = `
SELECT asked.place::int4 AS place, v.id
FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::int4[])
  WITH ORDINALITY AS asked (tenant_id, id, namespace, name, version, place)
JOIN LATERAL (
  SELECT id, latest_version, lifecycle FROM workflows
  WHERE id = asked.id AND tenant_id = asked.tenant_id AND deleted_at IS NULL
  UNION ALL
  SELECT id, latest_version, lifecycle FROM workflows
  WHERE tenant_id = asked.tenant_id AND namespace = asked.namespace AND name = asked.name AND deleted_at IS NULL
) w ON true
JOIN workflow_versions v ON v.workflow_id = w.id AND v.version = coalesce(asked.version, CASE WHEN w.lifecycle IS NULL THEN w.latest_version END)`;

interface Question {
  readonly tenant: string;
  readonly id: string | null;
  readonly namespace: string | null;
  readonly name: string | null;
  readonly version: number | null;
  readonly answer: PromiseWithResolvers<string | null>;
}

/**
 * Finds the version a reference means now. Every start of a run asks, and no answer may be older than its question, on any
 * node: so nothing is cached, but whatever is asked while a statement is under way goes in the next one, equal questions once.
 * One statement at a time holds one connection, so the engine's pool can spare it.
 */
@Injectable()
export class LatestLookup {
  private waiting = new Map<string, Question>();
  private asking = false;

  constructor(@Inject(ENGINE_POOL) private readonly pool: EnginePool) {}

  /** The version's id, or null when there is no such workflow or version. */
  find(tenant: string, ref: string, version?: number): Promise<string | null> {
    const key = JSON.stringify([tenant, ref, version]);
    const known = this.waiting.get(key);
    if (known !== undefined) return known.answer.promise;
    const question = questionOf(tenant, ref, version);
    if (question === null) return Promise.resolve(null);
    this.waiting.set(key, question);
    if (!this.asking) void this.askAll();
    return question.answer.promise;
  }

  private async askAll(): Promise<void> {
    this.asking = true;
    while (this.waiting.size > 0) {
      const asked = [...this.waiting].slice(0, MAX_AT_ONCE);
      for (const [key] of asked) this.waiting.delete(key);
      await this.ask(asked.map(([, question]) => question));
    }
    this.asking = false;
  }

  private async ask(questions: readonly Question[]): Promise<void> {
    try {
      const { rows } = await this.pool.query<{ place: number; id: string }>({
        name: 'find_versions',
        text: FIND_VERSIONS,
        values: [
          questions.map(({ tenant }) => tenant),
          questions.map(({ id }) => id),
          questions.map(({ namespace }) => namespace),
          questions.map(({ name }) => name),
          questions.map(({ version }) => version),
        ],
      });
      const found = new Map(rows.map(({ place, id }) => [place, id]));
      questions.forEach(({ answer }, index) => answer.resolve(found.get(index + 1) ?? null));
    } catch (error) {
      for (const { answer } of questions) answer.reject(error);
    }
  }
}

/** Null when the reference can name nothing. */
function questionOf(tenant: string, ref: string, version: number | undefined): Question | null {
  const asked = { tenant, version: version ?? null, answer: Promise.withResolvers<string | null>() };
  if (isUuid(ref)) return { ...asked, id: ref, namespace: null, name: null };
  const name = parseWorkflowName(ref);
  return name === null ? null : { ...asked, id: null, ...name };
}

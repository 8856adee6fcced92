import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { subjectOf } from './workflow-name.js';

interface Lookup {
  running: Promise<string | null>;
  /** For callers that came after `running` was sent: its answer may be older than their question. */
  next: Promise<string | null> | null;
}

/**
 * Finds the version a reference means now. Every start of a run asks, and no answer may be older than its question, on any
 * node: so nothing is cached, but those who ask for the same thing while a query is under way share the query after it.
 */
@Injectable()
export class LatestLookup {
  private readonly lookups = new Map<string, Lookup>();

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** The version's id, or null when there is no such workflow or version. */
  find(tenant: string, ref: string, version?: number): Promise<string | null> {
    const key = JSON.stringify([tenant, ref, version ?? null]);
    const current = this.lookups.get(key);
    if (current === undefined) {
      const lookup: Lookup = { running: this.query(tenant, ref, version), next: null };
      this.lookups.set(key, lookup);
      this.forgetWhenDone(key, lookup);
      return lookup.running;
    }
    current.next ??= settled(current.running).then(() => {
      current.running = this.query(tenant, ref, version);
      current.next = null;
      this.forgetWhenDone(key, current);
      return current.running;
    });
    return current.next;
  }

  private forgetWhenDone(key: string, lookup: Lookup): void {
    const { running } = lookup;
    void settled(running).then(() => {
      if (lookup.running === running && lookup.next === null) this.lookups.delete(key);
    });
  }

  private async query(tenant: string, ref: string, version: number | undefined): Promise<string | null> {
    const subject = subjectOf(ref, 3);
    if (subject === null) return null;
    const rows = await this.dataSource.query<{ id: string }[]>(
      `SELECT v.id FROM workflows w
       JOIN workflow_versions v ON v.workflow_id = w.id AND v.version = coalesce($2::integer, w.latest_version)
       WHERE w.tenant_id = $1 AND w.deleted_at IS NULL AND ${subject.condition}`,
      [tenant, version ?? null, ...subject.parameters],
    );
    return rows[0]?.id ?? null;
  }
}

function settled(promise: Promise<unknown>): Promise<void> {
  return promise.then(
    () => undefined,
    () => undefined,
  );
}

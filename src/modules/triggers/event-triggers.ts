import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { JsonObject } from '../../engine/index.js';
import { LOGGER, type Logger } from '../../platform/logging/index.js';
import { type FeedConsumer, FeedFollower, type FeedInterest } from '../feeds/index.js';
import type { FeedItem } from '../runs/index.js';
import { fireError, type NewFire } from './fires/fire.js';
import { FireDispatcher } from './fires/fire-dispatcher.js';
import { fireInputs, triggerView } from './fires/fire-inputs.js';
import { FireStore } from './fires/fire-store.js';
import type { EventConfig } from './trigger-definition.js';
import { LIVING_TRIGGERS, TRIGGER_COLUMNS, type TriggerRow } from './trigger-row.js';

/** Fires that one event may lead to, one after the other. */
const MAX_CHAIN = 8;
/** How far up a run's ancestors are looked at. */
const MAX_ANCESTORS = 64;

interface Match {
  readonly trigger: TriggerRow;
  readonly item: FeedItem;
}

/**
 * Fires triggers for the events of runs. A fire is stored in the transaction that moves the reader beyond its event. No trigger
 * fires again for what came of its own fires, and chains of different triggers have an end.
 */
@Injectable()
export class EventTriggers implements FeedConsumer, OnModuleInit {
  readonly name = 'triggers';

  constructor(
    private readonly follower: FeedFollower,
    private readonly fires: FireStore,
    private readonly dispatcher: FireDispatcher,
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    this.follower.register(this);
  }

  async interests(): Promise<readonly FeedInterest[]> {
    const rows = await this.dataSource.query<{ tenant_id: string; from_xid: string }[]>(
      `SELECT t.tenant_id, min(t.since_xid) AS from_xid FROM ${LIVING_TRIGGERS} WHERE t.enabled AND t.kind = 'event' GROUP BY t.tenant_id`,
    );
    return rows.map((row) => ({ tenant: row.tenant_id, fromXid: Number(row.from_xid) }));
  }

  async digest(tenant: string, items: readonly FeedItem[]): Promise<((manager: EntityManager) => Promise<void>) | null> {
    const triggers = await this.dataSource.query<TriggerRow[]>(
      `SELECT ${TRIGGER_COLUMNS} FROM ${LIVING_TRIGGERS} WHERE t.tenant_id = $1 AND t.enabled AND t.kind = 'event'`,
      [tenant],
    );
    const matches = items.flatMap((item) => triggers.filter((trigger) => matched(trigger, item)).map((trigger) => ({ trigger, item })));
    if (matches.length === 0) return null;
    const chains = await this.chainsOf(new Set(matches.map(({ item }) => item.event.run_id)));
    const fires = matches.flatMap((match) => this.fire(match, chains.get(match.item.event.run_id) ?? []));
    return fires.length === 0 ? null : (manager) => this.fires.add(manager, fires);
  }

  committed(): void {
    this.dispatcher.wake();
  }

  private fire({ trigger, item }: Match, chain: readonly string[]): NewFire[] {
    if (chain.includes(trigger.id)) {
      this.logger.debug({ trigger: trigger.id, run_id: item.event.run_id }, 'a trigger does not fire for what it started itself');
      return [];
    }
    const { event, subject } = item;
    const view: JsonObject = {
      ...(event as unknown as JsonObject),
      workflow: subject.kind === 'workflow' ? { id: subject.workflowId, name: subject.name } : null,
      agent: subject.kind === 'agent' ? subject.name : null,
    };
    const made = fireInputs(trigger, { trigger: triggerView(trigger, {}), event: view });
    const error = chain.length < MAX_CHAIN ? made.error : fireError('chain_too_long', `${MAX_CHAIN} triggers fired one after the other`);
    return [{ runId: uuidv7(), triggerId: trigger.id, key: `${event.run_id}:${event.seq}`, chain, inputs: made.inputs, error }];
  }

  /** Triggers that led to these runs: their own fires and those of the runs they come from. */
  private async chainsOf(runIds: ReadonlySet<string>): Promise<Map<string, string[]>> {
    const rows = await this.dataSource.query<{ origin: string; chain: string[] }[]>(
      `WITH RECURSIVE line AS (
         SELECT r.id AS origin, r.id, coalesce(r.parent_run_id, r.resumed_from) AS from_id, 0 AS height FROM runs r WHERE r.id = ANY ($1)
         UNION ALL
         SELECT line.origin, r.id, coalesce(r.parent_run_id, r.resumed_from), line.height + 1
         FROM line JOIN runs r ON r.id = line.from_id WHERE line.height < $2
       )
       SELECT line.origin, f.chain || f.trigger_id AS chain FROM line JOIN trigger_fires f ON f.run_id = line.id`,
      [[...runIds], MAX_ANCESTORS],
    );
    const chains = new Map<string, string[]>();
    for (const { origin, chain } of rows) chains.set(origin, [...(chains.get(origin) ?? []), ...chain]);
    return chains;
  }
}

function matched(trigger: TriggerRow, { position, subject, event }: FeedItem): boolean {
  const { types, workflow } = trigger.config as unknown as EventConfig;
  if (position.xid < Number(trigger.since_xid) || !types.includes(event.type)) return false;
  return workflow === undefined || (subject.kind === 'workflow' && (subject.workflowId === workflow || subject.name === workflow));
}

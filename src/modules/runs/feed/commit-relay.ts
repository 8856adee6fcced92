import { randomBytes } from 'node:crypto';
import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { type JournalEntry, RunEngine } from '../../../engine/index.js';
import { Database, Notifier, PostgresListener } from '../../../platform/database/index.js';
import { EventBus } from '../../../platform/events/index.js';
import '../runs.events.js';
import { RunEventHub } from './run-event-hub.js';

const CHANNEL = 'heddle_events';
const TAG_LENGTH = 6;

/**
 * Carries word of commits to the hub: at once from this process's engine, as hints from the other processes', and to
 * them likewise. A hint is this process's tag and the run's id; what comes back with the own tag is old news.
 */
@Injectable()
export class CommitRelay implements OnModuleInit, OnApplicationShutdown {
  private readonly tag = randomBytes(TAG_LENGTH / 2).toString('hex');
  private readonly stops: (() => void)[] = [];

  constructor(
    private readonly engine: RunEngine,
    private readonly hub: RunEventHub,
    private readonly database: Database,
    private readonly notifier: Notifier,
    private readonly listener: PostgresListener,
    private readonly bus: EventBus,
  ) {}

  onModuleInit(): void {
    this.stops.push(
      this.engine.onCommitted((entries) => this.committed(entries)),
      this.engine.onEnded((runId, status) => this.bus.emit('run.ended', { runId, status })),
    );
    if (this.database.info.listen) {
      this.stops.push(
        this.listener.listen(
          CHANNEL,
          (hint) => this.hinted(hint),
          () => this.hub.hinted(null),
        ),
      );
    }
  }

  onApplicationShutdown(): void {
    for (const stop of this.stops) stop();
  }

  private committed(entries: readonly JournalEntry[]): void {
    this.hub.committed(entries);
    if (!this.database.info.listen) return;
    let previous = '';
    for (const { runId } of entries) {
      if (runId !== previous) this.notifier.hint(CHANNEL, this.tag + runId);
      previous = runId;
    }
  }

  private hinted(hint: string): void {
    if (!hint.startsWith(this.tag)) this.hub.hinted([hint.slice(TAG_LENGTH)]);
  }
}

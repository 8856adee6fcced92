import { Injectable } from '@nestjs/common';
import { isTerminal, type RunEvent, type RunEventType } from '../../../engine/index.js';
import { SignalsService } from '../../approvals/index.js';
import { RunsService } from '../../runs/index.js';
import { inputSignal } from '../nodes/input-signal.js';
import { PROMPT_EVENTS, pendingPrompts, type PendingPrompt } from './pending-prompts.js';

const PAGE = 500;
const ASKED: ReadonlySet<RunEventType> = new Set(['input.required']);

/** What conversations within a run wait for, and the way to tell them. */
@Injectable()
export class RunPrompts {
  constructor(
    private readonly runs: RunsService,
    private readonly signals: SignalsService,
  ) {}

  /** Throws 404 when the tenant has no such run. */
  async pending(tenant: string, runId: string): Promise<PendingPrompt[]> {
    const { status } = await this.runs.existing(tenant, runId);
    if (isTerminal(status)) return [];
    const [first] = await this.events(tenant, runId, 0, ASKED);
    return first === undefined ? [] : pendingPrompts(await this.events(tenant, runId, first.seq - 1, PROMPT_EVENTS));
  }

  /** Brings the next message; an empty one ends the conversation. Throws 404, 409 when the run is over, 413. */
  answer(tenant: string, runId: string, promptId: string, message: string): Promise<void> {
    return this.signals.send(tenant, runId, inputSignal(promptId), message);
  }

  private async events(tenant: string, runId: string, from: number, types: ReadonlySet<RunEventType>): Promise<RunEvent[]> {
    const all: RunEvent[] = [];
    for (let after: number | null = from; after !== null;) {
      const { events, next }: { events: RunEvent[]; next: number | null } = await this.runs.events(
        tenant,
        runId,
        { after, limit: PAGE },
        types,
      );
      all.push(...events);
      after = next;
    }
    return all;
  }
}

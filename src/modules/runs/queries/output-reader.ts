import { Inject, Injectable } from '@nestjs/common';
import { type Json, type OutputRef, outputRefOf, RunEngine, type RunEvent, StepError } from '../../../engine/index.js';
import { LOGGER, type Logger } from '../../../platform/logging/index.js';

/** Reads outputs that are kept outside of the journal, for those who show them. */
@Injectable()
export class OutputReader {
  constructor(
    private readonly engine: RunEngine,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The event with the output that its row only names. */
  async whole(tenant: string, event: RunEvent): Promise<RunEvent> {
    const ref = outputRefOf(event.data);
    if (ref === null) return event;
    const { output_ref: _, ...rest } = event.data;
    const member = event.type === 'run.completed' ? 'outputs' : 'output';
    return { ...event, data: { ...rest, [member]: await this.load(tenant, ref) } };
  }

  /** Null when the content is lost: what else is known can still be shown. */
  async load(tenant: string, ref: OutputRef): Promise<Json> {
    try {
      return await this.engine.outputs.load(tenant, ref);
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      this.logger.error({ err: error, output: ref.id }, 'an output that is kept outside of the journal is lost');
      return null;
    }
  }
}

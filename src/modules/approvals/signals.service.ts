import { Injectable } from '@nestjs/common';
import type { Json } from '../../engine/index.js';
import { AppError, ConflictError, type FieldError, UnprocessableError } from '../../platform/errors/app-error.js';
import { RunsService, RunSignals } from '../runs/index.js';
import { APPROVAL_SIGNAL_PREFIX } from './approval.js';
import { SignalReservedError } from './approvals.errors.js';
import { SIGNAL_NAME } from './signal-name.js';

/** Signals stay with their run for good; what is larger belongs behind a link. */
const MAX_PAYLOAD_CHARACTERS = 262_144;

/** Signals that users send to runs. */
@Injectable()
export class SignalsService {
  constructor(
    private readonly runs: RunsService,
    private readonly signals: RunSignals,
  ) {}

  /** Keeps the signal for the run, whether it waits for it already or will later. */
  async send(tenant: string, runId: string, name: string, payload: Json): Promise<void> {
    await this.runs.existing(tenant, runId);
    checkName(name);
    if (JSON.stringify(payload).length > MAX_PAYLOAD_CHARACTERS) {
      throw new AppError(413, 'payload_too_large', `the payload of a signal has at most ${MAX_PAYLOAD_CHARACTERS} characters`);
    }
    if (!(await this.signals.send({ tenant, runId, name, payload }))) throw new ConflictError('run_over', 'the run is over');
  }
}

function checkName(name: string): void {
  if (name.startsWith(APPROVAL_SIGNAL_PREFIX)) throw new SignalReservedError(APPROVAL_SIGNAL_PREFIX);
  if (SIGNAL_NAME.test(name)) return;
  const fault: FieldError = {
    path: 'name',
    code: 'pattern',
    message: 'must be letters, digits, _ . : - and begin with a letter, digit or _',
  };
  throw new UnprocessableError('the name cannot be a signal', [fault]);
}

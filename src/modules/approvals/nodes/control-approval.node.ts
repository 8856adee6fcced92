import { checkSchema } from '../../../engine/graph/index.js';
import {
  type DurableCall,
  type DurableNodeType,
  isJsonObject,
  type Json,
  type JsonObject,
  RunStoppedError,
  StepError,
} from '../../../engine/index.js';
import { NO_INPUTS, NodeTypeProvider, objectOf } from '../../nodes/index.js';
import { type ApprovalContent, approvalSignal, type Decision, decisionOf, editedPayload, hashContent, type Verdict } from '../approval.js';
import { ApprovalStore } from '../approval-store.js';
import { APPROVAL_CONFIG_SCHEMA, type ApprovalConfig, MAX_CONTENT_CHARACTERS, readApprovalConfig } from './approval-config.js';
import { patiently } from './patiently.js';

type Call = Pick<DurableCall, 'config' | 'run' | 'path' | 'attempt' | 'signal' | 'log' | 'emit' | 'startedAt' | 'step' | 'waitForSignal'>;

/** A decision, or that time was over: then what counts by default, if anything. */
interface Outcome {
  readonly decision: Decision | null;
  readonly expired: boolean;
}

@NodeTypeProvider()
export class ControlApprovalNode implements DurableNodeType {
  readonly type = 'control.approval';
  readonly category = 'control';
  readonly description =
    'Asks people and waits for their decision, for as long as it takes: the run parks meanwhile and holds no worker. What needs this node runs once it is approved.';
  readonly pure = false;
  readonly durable = true;
  readonly configSchema = APPROVAL_CONFIG_SCHEMA;
  readonly inputSchema = NO_INPUTS;
  readonly outputSchema = objectOf(
    {
      decision: { type: 'string', enum: ['approved', 'rejected'] },
      comment: { type: ['string', 'null'] },
      decided_by: { type: ['string', 'null'], description: 'Name of the key that decided; null when time did.' },
      edits: { type: 'object', description: 'What the reviewers changed.' },
      payload: { type: 'object', description: 'With a `payload` in the config: what was shown, with the edits.' },
      expired: { type: 'boolean', description: 'True when nobody decided in time and the default counts.' },
    },
    ['decision', 'comment', 'decided_by', 'edits'],
  );

  constructor(private readonly store: ApprovalStore) {}

  async execute(call: Call): Promise<JsonObject> {
    const config = readApprovalConfig(call.config);
    // A step of its own, so that what is asked is in the journal and secrets are masked in it as everywhere.
    const content = (await call.step('content', { pure: true }, () =>
      Promise.resolve(checked(config.content)),
    )) as unknown as ApprovalContent;
    const expiresAt = config.expiresInMs === null ? null : (await call.startedAt()) + config.expiresInMs;
    const id = await this.request(call, content, config, expiresAt);
    const outcome = await this.outcome(call, id, expiresAt, config);
    call.emit('approval.decided', decidedEvent(id, outcome));
    return output(content, outcome, config.failsOnReject);
  }

  private async request(call: Call, content: ApprovalContent, { rules }: ApprovalConfig, expiresAt: number | null): Promise<string> {
    const asked = await call.step('request', {}, async ({ signal }) => {
      const { run, path: step, attempt } = call;
      const request = { tenant: run.tenant, runId: run.id, step, attempt, content, rules, expiresAt };
      const id = await patiently(signal, () => this.store.request(request));
      call.emit('approval.requested', {
        approval_id: id,
        message: content.message,
        content_hash: hashContent(content, {}),
        reviewers: [...rules.reviewers],
        quorum: rules.quorum,
        expires_at: expiresAt === null ? null : new Date(expiresAt).toISOString(),
      });
      return { approval_id: id };
    });
    return String((asked as JsonObject)['approval_id']);
  }

  private async outcome(call: Call, id: string, expiresAt: number | null, { rules }: ApprovalConfig): Promise<Outcome> {
    let overdue: StepError | null = null;
    try {
      const decision = await call.waitForSignal('decision', approvalSignal(id), expiresAt ?? undefined);
      if (decision !== undefined) return { decision: decision as unknown as Decision, expired: false };
    } catch (error) {
      if (isStoppedAlone(call.signal)) await this.withdraw(call, id);
      // The step's own limit: whoever decided before it is still heard.
      if (!(error instanceof StepError)) throw error;
      overdue = error;
    }
    const decided = await this.expire(call, id);
    if (decided !== null) return { decision: decided, expired: false };
    if (overdue !== null) throw overdue;
    if (rules.default === null) return { decision: null, expired: true };
    return { decision: byDefault(rules.default), expired: true };
  }

  /** The run goes on without the branch that asked, so nobody is to be asked any more. */
  private async withdraw(call: Call, id: string): Promise<void> {
    try {
      await this.store.withdraw(id);
    } catch {
      call.log('warn', 'could not withdraw the approval; it is listed as pending until the run is over');
    }
  }

  /** Ends the time to decide. A decision that was accepted in the last moment counts. */
  private async expire(call: Call, id: string): Promise<Decision | null> {
    const ended = await call.step('expire', {}, async ({ signal, run }) => {
      const approval = await patiently(signal, async () => {
        await this.store.expire(id);
        return this.store.find(run.tenant, id);
      });
      return { decision: (approval === null ? null : decisionOf(approval)) as unknown as Json };
    });
    const decision = (ended as JsonObject)['decision'];
    return isJsonObject(decision) ? (decision as unknown as Decision) : null;
  }
}

function isStoppedAlone({ reason }: AbortSignal): boolean {
  return reason instanceof RunStoppedError && reason.reason === 'branch_stopped';
}

function checked(content: ApprovalContent): Json {
  if (JSON.stringify(content).length > MAX_CONTENT_CHARACTERS) {
    throw new StepError('content_too_large', `message and payload have more than ${MAX_CONTENT_CHARACTERS} characters`, {
      retryable: false,
    });
  }
  const [fault] = content.payload_schema === null ? [] : checkSchema(content.payload_schema, '/payload_schema');
  if (fault !== undefined) throw new StepError('invalid_config', `${fault.path} ${fault.message}`, { retryable: false });
  return content as unknown as Json;
}

function byDefault(decision: Verdict): Decision {
  return { decision, comment: null, decided_by: null, edits: {}, key_id: null, content_hash: null };
}

function decidedEvent(id: string, { decision, expired }: Outcome): JsonObject {
  return {
    approval_id: id,
    decision: decision?.decision ?? null,
    decided_by: decision?.decided_by ?? null,
    key_id: decision?.key_id ?? null,
    comment: decision?.comment ?? null,
    edits: decision?.edits ?? {},
    content_hash: decision?.content_hash ?? null,
    expired,
  };
}

function output(content: ApprovalContent, { decision, expired }: Outcome, failsOnReject: boolean): JsonObject {
  if (decision === null) throw new StepError('approval_expired', 'nobody decided in time');
  const payload = editedPayload(content.payload, decision.edits);
  const { comment, decided_by, edits } = decision;
  const shown: JsonObject = {
    decision: decision.decision,
    comment,
    decided_by,
    edits,
    ...(payload === null ? {} : { payload }),
    ...(expired ? { expired } : {}),
  };
  if (decision.decision === 'approved' || !failsOnReject) return shown;
  const why = comment === null ? '' : `: ${comment}`;
  const message = expired ? 'nobody decided in time, which counts as a rejection' : `${decided_by ?? 'somebody'} rejected it${why}`;
  throw new StepError('rejected', message, { retryable: false, details: shown });
}

import { isJsonObject, type JsonObject } from '../../../engine/model/json.js';
import { StepError } from '../../../engine/model/step-error.js';
import type { ChildRunResult, DurableCall, DurableNodeType } from '../../../engine/ports/node-type.js';
import { NodeTypeProvider } from '../node-type.decorator.js';
import { ANY, NO_INPUTS, objectOf } from './schemas.js';

const DEFAULT_MAX_DEPTH = 16;

@NodeTypeProvider()
export class WorkflowRunNode implements DurableNodeType {
  readonly type = 'workflow.run';
  readonly category = 'workflow';
  readonly description =
    'Starts a run of another workflow and, unless told otherwise, waits for its end. Cancelling this run cancels that one.';
  readonly pure = false;
  readonly durable = true;
  readonly configSchema = objectOf(
    {
      workflow: { type: 'string', minLength: 1, maxLength: 400, description: 'Id or `namespace/name` of the workflow.' },
      version: { type: 'integer', minimum: 1, description: 'Which version; the latest if not said.' },
      inputs: { type: 'object', default: {}, description: 'Inputs of the run.' },
      wait: { type: 'boolean', default: true, description: 'Whether to wait for the end of the run.' },
      fail_on_error: {
        type: 'boolean',
        default: true,
        description: 'Whether a run that does not succeed fails this step with `child_failed`.',
      },
      max_depth: { type: 'integer', minimum: 1, maximum: 64, default: DEFAULT_MAX_DEPTH, description: 'How deep runs may start runs.' },
    },
    ['workflow'],
  );
  readonly inputSchema = NO_INPUTS;
  readonly outputSchema = objectOf(
    {
      run_id: { type: 'string', format: 'uuid' },
      status: { type: 'string', enum: ['pending', 'success', 'failed', 'cancelled'], description: '`pending` when not waited for.' },
      outputs: ANY,
      error: { type: ['object', 'null'], properties: { code: { type: 'string' }, message: { type: 'string' } } },
    },
    ['run_id', 'status', 'outputs'],
  );

  async execute(call: Pick<DurableCall, 'config' | 'run' | 'attempt' | 'startChild' | 'waitForChild'>): Promise<JsonObject> {
    const { config } = call;
    refuseTooDeep(call.run.depth + 1, typeof config['max_depth'] === 'number' ? config['max_depth'] : DEFAULT_MAX_DEPTH);
    // Keyed by attempt: a retry of this step is a new run, a replay of it is not.
    const runId = await call.startChild(`start-${call.attempt}`, {
      workflow: String(config['workflow']),
      ...(typeof config['version'] === 'number' ? { version: config['version'] } : {}),
      inputs: isJsonObject(config['inputs']) ? config['inputs'] : {},
    });
    if (config['wait'] === false) return { run_id: runId, status: 'pending', outputs: null };
    const child = await call.waitForChild(`end-${call.attempt}`, runId);
    if (child.status !== 'success' && config['fail_on_error'] !== false) throw childFailed(child);
    return {
      run_id: child.runId,
      status: child.status,
      outputs: child.outputs,
      ...(child.error === null ? {} : { error: { ...child.error } }),
    };
  }
}

function refuseTooDeep(depth: number, limit: number): void {
  if (depth <= limit) return;
  throw new StepError('depth_exceeded', `runs may start runs ${limit} levels deep, this one would be level ${depth}`, { retryable: false });
}

function childFailed({ runId, status, error }: ChildRunResult): StepError {
  const reason = error === null ? '' : `: ${error.message}`;
  return new StepError('child_failed', `run ${runId} ended as ${status}${reason}`, {
    details: { run_id: runId, status, error: error === null ? null : { ...error } },
  });
}

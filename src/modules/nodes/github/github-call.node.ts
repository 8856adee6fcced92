import { isJsonObject, type Json, type JsonObject } from '../../../engine/model/json.js';
import { StepError } from '../../../engine/model/step-error.js';
import type { DurableCall, DurableNodeType } from '../../../engine/ports/node-type.js';
import { NO_INPUTS } from '../builtin/schemas.js';
import { NodeTypeProvider } from '../node-type.decorator.js';
import { GITHUB_URL, type GithubAccess, GithubClient } from './github-client.js';
import { GITHUB_OPERATIONS, type GithubOperation, inputFault, operationNamed } from './github-operations.js';
import { GITHUB_CONFIG } from './github-schema.js';

const DEFAULT_CONCURRENCY = 3;

type Call = Pick<DurableCall, 'config' | 'step'>;
type Result =
  { readonly success: true; readonly outputs: Json } | { readonly success: false; readonly outputs: Json; readonly error: string };

@NodeTypeProvider()
export class GithubCallNode implements DurableNodeType {
  readonly type = 'github.call';
  readonly category = 'github';
  readonly description =
    'Reads or changes issues and pull requests on GitHub. What cannot be repeated without effect is not: when the process dies during such a call, the step fails with `outcome_unknown`.';
  readonly pure = false;
  readonly durable = true;
  readonly configSchema = GITHUB_CONFIG;
  readonly inputSchema = NO_INPUTS;
  readonly outputSchema: JsonObject = { type: 'object', description: 'What the operation gives; see `operation`.' };

  constructor(private readonly client: GithubClient) {}

  async execute(call: Call): Promise<JsonObject> {
    const { config } = call;
    const access = { baseUrl: textOr(config['base_url'], GITHUB_URL), token: textOr(config['token'], '') };
    if (config['operation'] === 'batch') return this.batch(call, access);
    return (await this.one(call, access, config['operation'], config, '')) as JsonObject;
  }

  private async one(call: Call, access: GithubAccess, name: Json | undefined, inputs: JsonObject, prefix: string): Promise<Json> {
    const known = operationNamed(name);
    if (known === null) throw new StepError('invalid_config', `GitHub has no operation ${JSON.stringify(name)}`, { retryable: false });
    const operation: GithubOperation = GITHUB_OPERATIONS[known];
    const fault = inputFault(operation, inputs);
    if (fault !== null) throw new StepError('invalid_config', `${known}: ${fault}`, { retryable: false });
    let begins = true;
    if (!operation.repeatable) {
      begins = false;
      // Durable before the call is made, and not made anew after a crash: then nobody knows what became of the call.
      await call.step(`${prefix}begin`, {}, () => {
        begins = true;
        return Promise.resolve(null);
      });
    }
    return call.step(`${prefix}${known}`, {}, async ({ signal }) => {
      if (!begins) throw outcomeUnknown(`the server stopped while ${known} was under way`);
      try {
        return await this.client.perform(access, operation, inputs, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (operation.repeatable || !(error instanceof StepError) || !MAY_HAVE_BEEN_DONE.has(error.code)) throw error;
        throw outcomeUnknown(error.message);
      }
    });
  }

  private async batch(call: Call, access: GithubAccess): Promise<JsonObject> {
    const { config } = call;
    const operations = (Array.isArray(config['operations']) ? config['operations'] : []).filter(isJsonObject);
    const strategy = textOr(config['strategy'], 'best_effort');
    const results: Result[] = [];
    const decided = (): boolean => results.some(({ success }) => (success ? strategy === 'any_succeed' : strategy === 'all_succeed'));
    const waiting = operations.map((operation, index) => ({ operation, index }));
    const lane = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined && !decided(); next = waiting.shift()) {
        const { operation, index } = next;
        results[index] = await this.result(call, access, operation, `${index}/`);
      }
    };
    const lanes = Math.max(1, Number(config['concurrency'] ?? DEFAULT_CONCURRENCY) || DEFAULT_CONCURRENCY);
    await Promise.all(Array.from({ length: Math.min(lanes, operations.length) }, lane));
    return judged(operations.length, strategy, Object.values(results));
  }

  private async result(call: Call, access: GithubAccess, { name, inputs }: JsonObject, prefix: string): Promise<Result> {
    try {
      return { success: true, outputs: await this.one(call, access, name, isJsonObject(inputs) ? inputs : {}, prefix) };
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      return { success: false, outputs: {}, error: error.message };
    }
  }
}

/** The request may have arrived, whatever became of the answer. */
const MAY_HAVE_BEEN_DONE: ReadonlySet<string> = new Set(['connection_lost', 'timeout', 'bad_response', 'too_large']);

function outcomeUnknown(why: string): StepError {
  return new StepError('outcome_unknown', `${why}; nobody knows whether it took effect, and it is not repeated`, { retryable: false });
}

function judged(total: number, strategy: string, results: readonly Result[]): JsonObject {
  const succeeded = results.filter(({ success }) => success).length;
  const failed = results.length - succeeded;
  const output: JsonObject = { total, succeeded, failed, results: results.map((result) => ({ ...result })) };
  const falls = (strategy === 'all_succeed' && failed > 0) || (strategy === 'any_succeed' && succeeded === 0);
  if (!falls) return output;
  const first = results.find((result) => !result.success);
  throw new StepError('batch_failed', `${failed} of ${total} operations failed${first?.success === false ? `: ${first.error}` : ''}`, {
    retryable: false,
    details: output,
  });
}

function textOr(value: Json | undefined, otherwise: string): string {
  return typeof value === 'string' && value !== '' ? value : otherwise;
}

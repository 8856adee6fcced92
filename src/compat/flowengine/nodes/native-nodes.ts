import { Injectable } from '@nestjs/common';
import { isJsonObject, type JsonObject, type NodeCall, StepError } from '../../../engine/index.js';
import { NodeTypeRegistry } from '../../../modules/nodes/index.js';
import { configurationError } from './ports.js';

/** Codes of errors that are about the config. */
const CONFIGURATION: ReadonlySet<string> = new Set([
  'invalid_config',
  'invalid_url',
  'bad_workdir',
  'shell_refused',
  'secret_in_arguments',
]);

/** What the native node types do, for those of FlowEngine. */
@Injectable()
export class NativeNodes {
  constructor(private readonly registry: NodeTypeRegistry) {}

  /** Executes a native type in the place of the call. Throws `StepError`s with FlowEngine's words. */
  async execute(
    type: 'http.request' | 'debug.log' | 'transform.json_parse' | 'shell.exec',
    call: NodeCall,
    config: JsonObject,
  ): Promise<JsonObject> {
    const native = this.registry.get(type);
    if (native === undefined || native.durable === true) throw new Error(`${type} is no node type that works in one go`);
    const [fault] = this.registry.validateResolved(type, config);
    if (fault !== undefined) throw configurationError(`${fault.path.slice(1)} ${fault.message}`);
    try {
      const output = await native.execute(withConfig(call, config));
      return isJsonObject(output) ? output : {};
    } catch (error) {
      throw error instanceof StepError ? inWords(error, config) : error;
    }
  }
}

/** The same call with another config; everything else is asked of the call itself. */
function withConfig(call: NodeCall, config: JsonObject): NodeCall {
  return Object.create(call, { config: { value: config } }) as NodeCall;
}

function inWords(error: StepError, { timeout_ms: limit }: JsonObject): StepError {
  const { code, retryable, retryAfterMs, details } = error;
  return new StepError(code, sentence(error, limit), { retryable, retryAfterMs, details, cause: error });
}

function sentence({ code, message, details }: StepError, limit: JsonObject[string] | undefined): string {
  if (code === 'timeout' && typeof limit === 'number') return `Timeout after ${limit / 1_000}s`;
  if (code === 'command_failed' && isJsonObject(details))
    return `Execution failed: Command exited with code ${String(details['exit_code'])}`;
  return `${CONFIGURATION.has(code) ? 'Configuration error' : 'Execution failed'}: ${message}`;
}

import { Injectable } from '@nestjs/common';
import {
  type DurableCall,
  isJsonObject,
  type Json,
  type JsonObject,
  type NodeCall,
  type NodeType,
  StepError,
} from '../../../engine/index.js';
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

type InOneGo = 'http.request' | 'debug.log' | 'shell.exec' | 'transform.json_parse' | 'transform.json_stringify';

/** What the native node types do, for those of FlowEngine. */
@Injectable()
export class NativeNodes {
  constructor(private readonly registry: NodeTypeRegistry) {}

  /** Executes a native type in the place of the call. Throws `StepError`s with FlowEngine's words. */
  async execute(type: InOneGo, call: NodeCall, config: JsonObject): Promise<JsonObject> {
    const native = this.checked(type, config);
    if (native.durable === true) throw new Error(`${type} does not work in one go`);
    return inWords(config, () => native.execute(withConfig(call, config)));
  }

  /** The same for a type that waits. */
  async wait(type: 'time.delay', call: DurableCall, config: JsonObject): Promise<void> {
    const native = this.checked(type, config);
    if (native.durable !== true) throw new Error(`${type} does not wait`);
    await inWords(config, () => native.execute(withConfig(call, config)));
  }

  private checked(type: string, config: JsonObject): NodeType {
    const native = this.registry.get(type);
    if (native === undefined) throw new Error(`there is no node type ${type}`);
    const [fault] = this.registry.validateResolved(type, config);
    if (fault !== undefined) throw configurationError(`${fault.path.slice(1)} ${fault.message}`);
    return native;
  }
}

/** The same call with another config; everything else is asked of the call itself. */
function withConfig<Call extends NodeCall>(call: Call, config: JsonObject): Call {
  return Object.create(call, { config: { value: config } }) as Call;
}

async function inWords({ timeout_ms: limit }: JsonObject, work: () => Promise<Json>): Promise<JsonObject> {
  try {
    const output = await work();
    return isJsonObject(output) ? output : {};
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    const { code, retryable, retryAfterMs, details } = error;
    throw new StepError(code, sentence(error, limit), { retryable, retryAfterMs, details, cause: error });
  }
}

function sentence({ code, message, details }: StepError, limit: JsonObject[string] | undefined): string {
  if (code === 'timeout' && typeof limit === 'number') return `Timeout after ${limit / 1_000}s`;
  if (code === 'command_failed' && isJsonObject(details))
    return `Execution failed: Command exited with code ${String(details['exit_code'])}`;
  return `${CONFIGURATION.has(code) ? 'Configuration error' : 'Execution failed'}: ${message}`;
}

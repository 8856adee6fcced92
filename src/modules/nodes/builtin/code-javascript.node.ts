import type { Json } from '../../../engine/model/json.js';
import type { NodeCall, StepNodeType } from '../../../engine/ports/node-type.js';
import { NodeTypeProvider } from '../node-type.decorator.js';
import { JavascriptSandbox } from '../sandbox/javascript-sandbox.js';
import { objectOf } from './schemas.js';

const DEFAULT_TIMEOUT_MS = 1000;
const DEFAULT_MEMORY_MB = 64;

@NodeTypeProvider()
export class CodeJavascriptNode implements StepNodeType {
  readonly type = 'code.javascript';
  readonly category = 'code';
  readonly description =
    'Runs JavaScript in a sandbox without network, files or timers. `source` is the body of an async function of `input`; what it returns is the output, `console` writes to the log of the run.';
  // Scripts may read the clock and draw random numbers: a second execution could answer differently, so the first answer counts.
  readonly pure = false;
  readonly configSchema = objectOf(
    {
      source: {
        type: 'string',
        minLength: 1,
        maxLength: 1_000_000,
        description: 'Body of an async function of `input`, e.g. `return input.a + 1`.',
      },
      input: { description: 'The value of `input`; the inputs of the node if not said.' },
      timeout_ms: { type: 'integer', minimum: 1, maximum: 30_000, default: DEFAULT_TIMEOUT_MS, description: 'Time limit of the script.' },
      memory_limit_mb: {
        type: 'integer',
        minimum: 16,
        maximum: 256,
        default: DEFAULT_MEMORY_MB,
        description: 'Memory limit of the script, in MiB.',
      },
    },
    ['source'],
  );
  readonly inputSchema = { type: 'object', description: 'Any inputs; the script sees them as `input` unless the config has one.' };
  readonly outputSchema = { description: 'What the script returns.' };

  constructor(private readonly sandbox: JavascriptSandbox) {}

  async execute(call: Pick<NodeCall, 'config' | 'inputs' | 'signal' | 'log'>): Promise<Json> {
    const { config, inputs, signal } = call;
    return this.sandbox.run({
      source: String(config['source']),
      input: config['input'] ?? inputs,
      timeoutMs: typeof config['timeout_ms'] === 'number' ? config['timeout_ms'] : DEFAULT_TIMEOUT_MS,
      memoryMb: typeof config['memory_limit_mb'] === 'number' ? config['memory_limit_mb'] : DEFAULT_MEMORY_MB,
      signal,
      log: (level, message) => call.log(level, message),
    });
  }
}

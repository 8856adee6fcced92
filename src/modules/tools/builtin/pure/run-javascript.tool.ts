import type { Json } from '../../../../engine/index.js';
import { ANY, JavascriptSandbox, objectOf } from '../../../nodes/index.js';
import type { ExecutedTool, ToolCall } from '../../tool.js';
import { ToolProvider } from '../../tool.decorator.js';

const TIME_LIMIT_MS = 5_000;
const MEMORY_MB = 64;

@ToolProvider()
export class RunJavascriptTool implements ExecutedTool {
  readonly name = 'run_javascript';
  readonly type = 'builtin';
  readonly description =
    'Run JavaScript in a sandbox without network, files or timers. The code is the body of an async function of `input`; what it returns is the result.';
  readonly inputSchema = objectOf(
    {
      code: { type: 'string', minLength: 1, maxLength: 200_000, description: 'E.g. `return input.values.reduce((a, b) => a + b)`.' },
      input: { description: 'Any value.' },
    },
    ['code'],
  );
  readonly outputSchema = ANY;
  readonly configSchema = objectOf({
    timeout_ms: { type: 'integer', minimum: 1, maximum: 30_000, default: TIME_LIMIT_MS },
    memory_limit_mb: { type: 'integer', minimum: 16, maximum: 256, default: MEMORY_MB },
  });

  constructor(private readonly sandbox: JavascriptSandbox) {}

  execute(call: Pick<ToolCall, 'input' | 'config' | 'signal' | 'log'>): Promise<Json> {
    const { input, config, signal } = call;
    return this.sandbox.run({
      source: String(input['code']),
      input: input['input'] ?? null,
      timeoutMs: Number(config['timeout_ms'] ?? TIME_LIMIT_MS),
      memoryMb: Number(config['memory_limit_mb'] ?? MEMORY_MB),
      signal,
      log: (level, message) => call.log(level, message),
    });
  }
}

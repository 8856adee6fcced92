import { type Json, type JsonObject, StepError } from '../../../../engine/index.js';
import { ANY, objectOf } from '../../../nodes/index.js';
import type { ExecutedTool, ToolCall } from '../../tool.js';
import { ToolProvider } from '../../tool.decorator.js';
import { CacheEntries } from './cache-entries.js';

const DEFAULT_TTL_SECONDS = 24 * 3_600;
const MAX_TTL_SECONDS = 366 * 24 * 3_600;

@ToolProvider()
export class CacheStoreTool implements ExecutedTool {
  readonly name = 'cache_store';
  readonly type = 'builtin';
  readonly description =
    'Remember a value under a key for a while, read it again, or forget it. All agents and workflows of the tenant share it.';
  readonly inputSchema: JsonObject = {
    ...objectOf(
      {
        action: { type: 'string', enum: ['get', 'set', 'delete'] },
        key: { type: 'string', minLength: 1, maxLength: 300 },
        value: { description: 'With `set`.' },
        ttl_seconds: { type: 'integer', minimum: 1, maximum: MAX_TTL_SECONDS, description: 'With `set`: how long it is kept.' },
      },
      ['action', 'key'],
    ),
    if: { properties: { action: { const: 'set' } } },
    then: { required: ['value'] },
  };
  readonly outputSchema = objectOf(
    {
      value: ANY,
      metadata: objectOf({ action: { type: 'string' }, key: { type: 'string' }, found: { type: 'boolean' } }, ['action', 'key', 'found']),
    },
    ['value', 'metadata'],
  );
  readonly configSchema = objectOf({
    ttl_seconds: {
      type: 'integer',
      minimum: 1,
      maximum: MAX_TTL_SECONDS,
      default: DEFAULT_TTL_SECONDS,
      description: 'When the call does not say.',
    },
    prefix: { type: 'string', maxLength: 100, description: 'Put before every key, so that others’ keys are out of reach.' },
  });

  constructor(private readonly entries: CacheEntries) {}

  async execute({ input, config, tenant }: Pick<ToolCall, 'input' | 'config' | 'tenant'>): Promise<JsonObject> {
    const action = String(input['action']);
    const key = String(input['key']);
    const stored = `${typeof config['prefix'] === 'string' ? config['prefix'] : ''}${key}`;
    const answer = (value: Json, found: boolean): JsonObject => ({ value, metadata: { action, key, found } });
    switch (action) {
      case 'set': {
        const value = input['value'] ?? null;
        await this.entries.set(tenant, stored, value, Number(input['ttl_seconds'] ?? config['ttl_seconds'] ?? DEFAULT_TTL_SECONDS));
        return answer(value, true);
      }
      case 'delete':
        return answer(null, await this.entries.delete(tenant, stored));
      case 'get': {
        const entry = await this.entries.get(tenant, stored);
        return answer(entry?.value ?? null, entry !== null);
      }
      default:
        throw new StepError('invalid_input', `there is no action ${action}`, { retryable: false });
    }
  }
}

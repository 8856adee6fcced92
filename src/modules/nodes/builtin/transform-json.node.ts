import type { JsonObject } from '../../../engine/model/json.js';
import type { NodeCall, StepNodeType } from '../../../engine/ports/node-type.js';
import { NodeTypeProvider } from '../node-type.decorator.js';
import { parseJson } from './json-text.js';
import { ANY, NO_INPUTS, objectOf } from './schemas.js';

@NodeTypeProvider()
export class JsonParseNode implements StepNodeType {
  readonly type = 'transform.json_parse';
  readonly category = 'transform';
  readonly description = 'Parses a JSON text. Fails with `invalid_json` when it is none.';
  readonly pure = true;
  readonly configSchema = objectOf({ value: { type: 'string', description: 'The JSON text.' } }, ['value']);
  readonly inputSchema = NO_INPUTS;
  readonly outputSchema = objectOf({ value: ANY }, ['value']);

  async execute({ config }: Pick<NodeCall, 'config'>): Promise<JsonObject> {
    return { value: parseJson(String(config['value'])) };
  }
}

@NodeTypeProvider()
export class JsonStringifyNode implements StepNodeType {
  readonly type = 'transform.json_stringify';
  readonly category = 'transform';
  readonly description = 'Writes a value as JSON text.';
  readonly pure = true;
  readonly configSchema = objectOf(
    {
      value: { description: 'The value to write.' },
      indent: { type: 'integer', minimum: 0, maximum: 10, default: 0, description: 'Spaces per level; 0 writes one line.' },
    },
    ['value'],
  );
  readonly inputSchema = NO_INPUTS;
  readonly outputSchema = objectOf({ value: { type: 'string' } }, ['value']);

  async execute({ config }: Pick<NodeCall, 'config'>): Promise<JsonObject> {
    const indent = typeof config['indent'] === 'number' ? config['indent'] : 0;
    return { value: JSON.stringify(config['value'] ?? null, null, indent) };
  }
}

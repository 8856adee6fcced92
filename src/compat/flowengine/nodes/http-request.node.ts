import { isJsonObject, type Json, type JsonObject, type NodeCall, type StepNodeType } from '../../../engine/index.js';
import { NodeTypeProvider } from '../../../modules/nodes/index.js';
import { isBytes } from '../values.js';
import { FlowEngineNode } from './flowengine-node.js';
import { NativeNodes } from './native-nodes.js';
import { inputOf, requiredText } from './ports.js';

const TIMEOUT_MS = 30_000;

@NodeTypeProvider()
export class FlowEngineHttpRequest extends FlowEngineNode implements StepNodeType {
  readonly pure = false;

  constructor(private readonly native: NativeNodes) {
    super('http.request');
  }

  async execute(call: NodeCall): Promise<JsonObject> {
    const url = requiredText(call, 'url');
    const method = methodOf(call.config['method']);
    call.log('info', `${method} ${url}`);
    const answer = await this.native.execute('http.request', call, {
      url,
      method,
      headers: call.config['headers'] ?? {},
      ...bodyOf(inputOf(call, 'body')),
      response: 'text',
      timeout_ms: TIMEOUT_MS,
    });
    return { status: answer['status'] ?? null, body: answer['body'] ?? '', headers: singleValues(answer['headers']) };
  }
}

function methodOf(method: Json | undefined): string {
  return typeof method === 'string' ? method.toUpperCase() : 'GET';
}

/** Texts and bytes as they are, anything else as JSON. */
function bodyOf(body: Json): JsonObject {
  if (body === null) return {};
  return isBytes(body) ? { body: Buffer.from(body.value).toString('base64'), body_type: 'bytes' } : { body };
}

/** A header that came several times as one. */
function singleValues(headers: Json | undefined): JsonObject {
  if (!isJsonObject(headers)) return {};
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]));
}

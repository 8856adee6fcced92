import { type JsonObject, StepError } from '../../../../engine/index.js';
import { objectOf } from '../../../nodes/index.js';
import type { ExecutedTool, ToolCall } from '../../tool.js';
import { ToolProvider } from '../../tool.decorator.js';
import { isAllowed, segmentsOf } from './file-path.js';
import { ToolFiles } from './tool-files.js';

const PATH: JsonObject = {
  type: 'string',
  minLength: 1,
  maxLength: 1_024,
  description: 'Below the directory that tools of the tenant share.',
};
const ENCODINGS: Readonly<Record<string, BufferEncoding>> = {
  'utf-8': 'utf8',
  utf8: 'utf8',
  ascii: 'latin1',
  'latin-1': 'latin1',
  latin1: 'latin1',
  'utf-16le': 'utf16le',
  base64: 'base64',
};
const ENCODING: JsonObject = { type: 'string', enum: Object.keys(ENCODINGS), default: 'utf-8' };
const CONFIG = objectOf({
  allowed_paths: {
    type: 'array',
    items: { type: 'string', maxLength: 1_024 },
    maxItems: 100,
    description: 'Files and directories, below the shared one, that may be used; without it, or empty, all of it.',
  },
});

@ToolProvider()
export class ReadFileTool implements ExecutedTool {
  readonly name = 'read_file';
  readonly type = 'builtin';
  readonly description = 'Read a file that was left by a tool before, or put there by the operator.';
  readonly inputSchema = objectOf({ path: PATH, encoding: ENCODING }, ['path']);
  readonly outputSchema = objectOf(
    { content: { type: 'string' }, path: { type: 'string' }, size: { type: 'integer', description: 'In bytes.' } },
    ['content', 'path', 'size'],
  );
  readonly configSchema = CONFIG;

  constructor(private readonly files: ToolFiles) {}

  async execute({ input, config, tenant }: Pick<ToolCall, 'input' | 'config' | 'tenant'>): Promise<JsonObject> {
    const path = allowedPath(input, config);
    const content = await this.files.read(tenant, path);
    return { content: content.toString(encodingOf(input)), path, size: content.length };
  }
}

@ToolProvider()
export class WriteFileTool implements ExecutedTool {
  readonly name = 'write_file';
  readonly type = 'builtin';
  readonly description = 'Write a file, replacing what it held. Directories on the way are made.';
  readonly inputSchema = objectOf({ path: PATH, content: { type: 'string' }, encoding: ENCODING }, ['path', 'content']);
  readonly outputSchema = objectOf({ path: { type: 'string' }, bytes_written: { type: 'integer' } }, ['path', 'bytes_written']);
  readonly configSchema = CONFIG;

  constructor(private readonly files: ToolFiles) {}

  async execute({ input, config, tenant }: Pick<ToolCall, 'input' | 'config' | 'tenant'>): Promise<JsonObject> {
    const path = allowedPath(input, config);
    const content = Buffer.from(String(input['content']), encodingOf(input));
    await this.files.write(tenant, path, content);
    return { path, bytes_written: content.length };
  }
}

function allowedPath(input: JsonObject, config: JsonObject): string {
  const segments = segmentsOf(String(input['path']));
  const allowed = Array.isArray(config['allowed_paths']) ? config['allowed_paths'].map(String) : [];
  if (isAllowed(segments, allowed)) return segments.join('/');
  throw new StepError('path_not_allowed', `the tool may use ${allowed.join(', ')} only`, { retryable: false });
}

function encodingOf(input: JsonObject): BufferEncoding {
  return ENCODINGS[String(input['encoding'] ?? 'utf-8')] ?? 'utf8';
}

import { isJsonObject, type Json, type JsonObject } from '../../../engine/index.js';
import { type FieldError, UnprocessableError } from '../../../platform/errors/app-error.js';
import { parseYaml } from '../../workflows/index.js';
import type { CreateToolServerDto } from '../dto/tool-server.dto.js';
import { refersToSecret } from '../execution/tool-settings.js';
import { addressIn, operationsOf } from '../openapi/openapi-document.js';
import type { ToolServerKind } from './tool-server.js';

const MAX_TEXTS = 50;
const MAX_TEXT = 8_000;
/** Names of headers and variables whose values are keys. */
const SECRET_NAME = /authori[sz]ation|cookie|token|secret|passw|api[-_]?key|^key$|[-_]key$/i;
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,100}$/;

const MEMBERS: Readonly<Record<ToolServerKind, readonly (keyof CreateToolServerDto)[]>> = {
  http: ['url', 'headers'],
  stdio: ['command', 'args', 'env'],
  openapi: ['url', 'document', 'base_url', 'headers'],
};
const ALL = new Set(Object.values(MEMBERS).flat());

/** What is wrong with the settings of a server, apart from what only its document can tell. `sealed`: secrets are stored encrypted. */
export function settingFaults(body: CreateToolServerDto, kind: ToolServerKind, sealed: boolean): FieldError[] {
  const faults: FieldError[] = [];
  const fault = (path: string, code: string, message: string): void => void faults.push({ path, code, message });
  for (const member of ALL) {
    if (body[member] !== undefined && !MEMBERS[kind].includes(member))
      fault(`/${member}`, 'unknown_field', `a server of kind ${kind} has none`);
  }
  if (kind === 'http' && body.url === undefined) fault('/url', 'required', 'is required');
  if (kind === 'stdio' && body.command === undefined) fault('/command', 'required', 'is required');
  if (kind === 'openapi' && body.url === undefined && body.document === undefined) fault('/document', 'required', 'is required, or a url');
  for (const member of ['url', 'base_url'] as const) {
    const text = body[member];
    if (text !== undefined && !isAddress(text)) fault(`/${member}`, 'format', 'must be an http or https URL without credentials');
  }
  for (const [member, pattern, stored] of [
    ['headers', HEADER_NAME, sealed],
    ['env', VARIABLE_NAME, false],
  ] as const) {
    const texts = Object.entries<unknown>(body[member] ?? {});
    if (texts.length > MAX_TEXTS) fault(`/${member}`, 'length', `must not have more than ${MAX_TEXTS} members`);
    for (const [name, text] of texts) {
      const path = `/${member}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      if (!pattern.test(name)) fault(path, 'pattern', 'is no name that can be used');
      else if (typeof text !== 'string' || text.length > MAX_TEXT || /[\r\n\0]/.test(text))
        fault(path, 'type', `must be one line of at most ${MAX_TEXT} characters`);
      else if (SECRET_NAME.test(name) && !refersToSecret(text) && !stored) {
        fault(
          path,
          'secret_in_clear',
          'would be stored in clear: refer to a secret of the server, {{ secrets.NAME }}' +
            (member === 'headers' ? ', or set HEDDLE_SECRET_KEY' : ''),
        );
      }
    }
  }
  return faults;
}

/** An OpenAPI document from a request or from elsewhere, and where its operations are. Throws what its author is told. */
export function readDocument(
  document: Json,
  from: string | undefined,
  given: string | undefined,
): { readonly document: JsonObject; readonly base_url: string } {
  const value = typeof document === 'string' ? parsed(document) : document;
  if (!isJsonObject(value)) throw invalid('/document', 'must be an OpenAPI document');
  const read = operationsOf(value);
  if ('faults' in read)
    throw new UnprocessableError(
      'the document cannot be used',
      read.faults.map(({ path, message }) => ({ path: `/document${path}`, code: 'invalid', message })),
    );
  const address = given ?? absolute(addressIn(value), from);
  if (address === undefined || !isAddress(address))
    throw invalid('/base_url', 'is required: the document does not say where its operations are', 'required');
  return { document: value, base_url: address };
}

function parsed(text: string): Json {
  const read = parseYaml(text);
  if ('errors' in read)
    throw new UnprocessableError(
      'the document cannot be read',
      read.errors.map((error) => ({ ...error, path: '/document' })),
    );
  return read.value;
}

function absolute(address: string | undefined, from: string | undefined): string | undefined {
  return from === undefined ? address : (URL.parse(address ?? '/', from)?.href ?? undefined);
}

function isAddress(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
}

function invalid(path: string, message: string, code = 'invalid'): UnprocessableError {
  return new UnprocessableError('the body is not valid', [{ path, code, message }]);
}

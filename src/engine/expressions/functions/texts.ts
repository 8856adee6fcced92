import { replaceAll } from '../linear-regex.js';
import { MAX_LENGTH, meter } from '../meter.js';
import { timestampText, toJson } from '../to-json.js';
import { celError, toInteger, type CelValue, type FunctionSpec } from './define.js';

const TIMESTAMP = 'google.protobuf.Timestamp';
const DURATION = 'google.protobuf.Duration';

/** Functions over strings, and conversions from and to them. */
export const TEXT_FUNCTIONS: readonly FunctionSpec[] = [
  { name: 'lower', params: ['string'], returns: 'string', description: 'In lower case.', handler: (text: string) => text.toLowerCase() },
  { name: 'upper', params: ['string'], returns: 'string', description: 'In upper case.', handler: (text: string) => text.toUpperCase() },
  {
    name: 'trim',
    params: ['string'],
    returns: 'string',
    description: 'Without white space at both ends.',
    handler: (text: string) => text.trim(),
    call: 'function',
  },
  {
    name: 'replace',
    params: ['string', 'string', 'string'],
    returns: 'string',
    description: 'Every occurrence of a text replaced by another.',
    handler: replace,
  },
  {
    name: 'replace_all',
    params: ['string', 'string', 'string'],
    returns: 'string',
    description: 'Every match of a regular expression (RE2 syntax) replaced; $1 is its first group.',
    handler: replaceAll,
  },
  {
    name: 'split',
    params: ['string', 'string'],
    returns: 'list<string>',
    description: 'The parts between a separator.',
    handler: (text: string, by: string) => text.split(by),
    call: 'function',
  },
  {
    name: 'join',
    params: ['list', 'string'],
    returns: 'string',
    description: 'A list as text with a separator between the elements.',
    handler: join,
    call: 'function',
  },
  {
    name: 'url_encode',
    params: ['string'],
    returns: 'string',
    description: 'Percent-encoded for a URL’s path or query.',
    handler: urlEncode,
  },
  {
    name: 'json',
    params: ['string'],
    returns: 'dyn',
    description: 'The value a JSON text stands for.',
    handler: parseJson,
    call: 'function',
  },
  {
    name: 'shell_quote',
    params: ['dyn'],
    returns: 'string',
    description: 'The value as one word of a POSIX shell command, whatever it holds.',
    handler: (value: CelValue) => `'${toText(value).replaceAll("'", `'\\''`)}'`,
    call: 'function',
  },
  {
    name: 'scalar',
    params: ['dyn'],
    returns: 'dyn',
    description: 'The number or boolean that a text stands for; any other value as it is.',
    handler: toScalar,
    call: 'function',
  },
  {
    name: 'truthy',
    params: ['dyn'],
    returns: 'bool',
    description: 'False for false, zero, null and whatever is empty; true for anything else.',
    handler: isTruthy,
    call: 'function',
  },
  {
    name: 'to_list',
    params: ['dyn'],
    returns: 'list',
    description: 'A list as it is, or the list that a text holds as JSON or separated by commas.',
    handler: toList,
    call: 'function',
  },
  { name: 'to_json', params: ['dyn'], returns: 'string', description: 'The value as JSON text.', handler: stringify, call: 'function' },
  { name: 'string', params: ['list'], returns: 'string', description: 'The list as JSON text.', handler: stringify, call: 'function' },
  { name: 'string', params: ['map'], returns: 'string', description: 'The object as JSON text.', handler: stringify, call: 'function' },
  {
    name: 'string',
    params: ['null'],
    returns: 'string',
    description: 'Null as an empty string, as in a template.',
    handler: () => '',
    call: 'function',
  },
  {
    name: 'string',
    params: [TIMESTAMP],
    returns: 'string',
    description: 'The timestamp in RFC 3339, UTC.',
    handler: timestampText,
    call: 'function',
  },
  {
    name: 'string',
    params: [DURATION],
    returns: 'string',
    description: 'The duration in seconds, "3.5s".',
    handler: (value: object) => value.toString(),
    call: 'function',
  },
  ...acceptingDoubles(),
];

/** Positions and counts are ints in CEL, but every number that comes from JSON is a double. */
function acceptingDoubles(): FunctionSpec[] {
  const at = (value: CelValue, text: string, what: string): number => {
    const position = toInteger(value, what);
    if (position < 0 || position > text.length) throw celError('index_out_of_range', `${what} is out of range`);
    return position;
  };
  const substring = (text: string, from: CelValue, to?: CelValue) => {
    const start = at(from, text, 'substring() start');
    const end = to === undefined ? text.length : at(to, text, 'substring() end');
    if (end < start) throw celError('index_out_of_range', 'substring() ends before it starts');
    return text.substring(start, end);
  };
  const description = 'Part of a text by positions that come from JSON.';
  return [['double'], ['double', 'double'], ['int', 'double'], ['double', 'int']].map((positions) => ({
    name: 'substring',
    params: ['string', ...positions],
    returns: 'string',
    description,
    handler: substring,
    call: 'method',
  }));
}

function replace(text: string, search: string, replacement: string): string {
  if (search === '') throw celError('empty_search', 'replace() needs a text to look for');
  const parts = text.split(search);
  if (text.length + (parts.length - 1) * replacement.length > MAX_LENGTH) throw celError('too_long', 'replace() makes the text too long');
  return parts.join(replacement);
}

function join(list: CelValue[], separator: string): string {
  let length = 0;
  const parts = list.map((element) => {
    const part = toText(element);
    length += part.length + separator.length;
    if (length > MAX_LENGTH) throw celError('too_long', 'join() makes the text too long');
    return part;
  });
  return parts.join(separator);
}

function urlEncode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function parseJson(text: string): CelValue {
  meter.spend(text.length >> 2);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw celError('bad_json', `json(): ${(error as Error).message}`);
  }
}

function toScalar(value: CelValue): CelValue {
  if (typeof value !== 'string') return value;
  const text = value.trim();
  if (text === 'true' || text === 'false') return text === 'true';
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : value;
}

function isTruthy(value: CelValue): boolean {
  if (typeof value !== 'object' || value === null) return Boolean(value);
  if (Array.isArray(value)) return value.length > 0;
  return value instanceof Map ? value.size > 0 : value.constructor !== Object || Object.keys(value).length > 0;
}

function toList(value: CelValue): CelValue[] {
  if (Array.isArray(value)) return value;
  if (typeof value !== 'string') throw celError('not_a_list', 'to_list() takes a list or a text');
  const text = value.trim();
  if (text === '') return [];
  if (text.startsWith('[')) {
    const parsed = parseJson(text);
    if (Array.isArray(parsed)) return parsed;
  }
  return text.split(',').map((part) => part.trim());
}

function stringify(value: CelValue): string {
  return JSON.stringify(toJson(value));
}

/** A value as it appears inside text: strings as they are, null as nothing, objects and lists as JSON. */
export function toText(value: CelValue): string {
  if (typeof value === 'string') return value;
  const json = toJson(value);
  if (json === null) return '';
  return typeof json === 'string' ? json : typeof json === 'object' ? JSON.stringify(json) : String(json);
}

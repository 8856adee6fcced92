import { type Document, isCollection, isMap, LineCounter, parseDocument, visit } from 'yaml';
import type { DefinitionFault } from '../../engine/graph/index.js';
import type { Json } from '../../engine/model/json.js';
import { findForbidden, MAX_JSON_DEPTH, pointerToken } from '../../platform/http/json-text.js';

/** Parsing as much takes most of a second and holds up everything else; longer definitions are written by programs, which have JSON. */
const MAX_YAML_LENGTH = 1024 * 1024;
const MAX_FAULTS = 20;

export type ParsedDefinition = { readonly value: Json } | { readonly errors: readonly DefinitionFault[] };

/** Reads a definition from YAML (1.2, one document), or says where it is malformed. */
export function parseYaml(text: string): ParsedDefinition {
  if (text.length > MAX_YAML_LENGTH) return { errors: [fault(`the YAML is longer than ${MAX_YAML_LENGTH / 1024 / 1024} MiB; send JSON`)] };
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
    const errors = [...document.errors.map((error) => at(lines, error.pos[0], error.message)), ...collectionKeys(document, lines)];
    if (errors.length > 0) return { errors: errors.slice(0, MAX_FAULTS) };
    const value = document.toJS({ maxAliasCount: 100 }) as unknown;
    const faults = [...notJson(value), ...findForbidden(value as Json)];
    return faults.length > 0 ? { errors: faults } : { value: value as Json };
  } catch (error) {
    // Too many aliases (a "billion laughs" document), or nesting that overflows the parser's stack.
    const message = error instanceof RangeError ? 'the YAML is nested too deep' : (error as Error).message;
    return { errors: [fault(message)] };
  }
}

/** A mapping as a key is what an unquoted `{{ … }}` reads as. */
function collectionKeys(document: Document.Parsed, lines: LineCounter): DefinitionFault[] {
  const errors: DefinitionFault[] = [];
  visit(document, {
    Pair(_, pair) {
      if (!isCollection(pair.key)) return undefined;
      const offset = pair.key.range?.[0] ?? 0;
      errors.push(at(lines, offset, isMap(pair.key) ? 'put quotes around a value that begins with {{' : 'a key must be a text'));
      return visit.SKIP;
    },
  });
  return errors;
}

/** What YAML can say and JSON cannot. */
function notJson(value: unknown, path = '', depth = 0, faults: DefinitionFault[] = []): DefinitionFault[] {
  if (typeof value === 'number' && !Number.isFinite(value)) faults.push({ path, code: 'type', message: `${value} is no JSON number` });
  if (typeof value !== 'object' || value === null) return faults;
  if (depth > MAX_JSON_DEPTH) return [{ path, code: 'too_deep', message: `nested deeper than ${MAX_JSON_DEPTH} levels` }];
  for (const [key, member] of Object.entries(value)) notJson(member, `${path}/${pointerToken(key)}`, depth + 1, faults);
  return faults;
}

function at(lines: LineCounter, offset: number, message: string): DefinitionFault {
  const { line, col } = lines.linePos(offset);
  return { ...fault(`${message} (line ${line}, column ${col})`), line, column: col, offset };
}

function fault(message: string): DefinitionFault {
  return { path: '', code: 'malformed_yaml', message };
}

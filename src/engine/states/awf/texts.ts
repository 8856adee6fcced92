import { isJsonObject, type Json, type JsonObject } from '../../model/json.js';
import type { HookDefinition } from '../../model/states-definition.js';
import { AwfSyntaxError, type AwfFault, type AwfSurroundings, type NameContext } from './awf-source.js';
import { translateExpression } from './expr-lang.js';
import { concatenation, parseTemplate, translateTemplate } from './go-template.js';

/** Translates the texts of one workflow, and collects what is wrong with them by their place. */
export class AwfTexts implements NameContext {
  readonly stateTypes: ReadonlyMap<string, string>;
  readonly env = new Set<string>();
  readonly warnings: AwfFault[] = [];

  constructor(
    steps: JsonObject,
    readonly surroundings: AwfSurroundings,
    readonly errors: AwfFault[],
  ) {
    this.stateTypes = new Map(Object.entries(steps).map(([name, step]) => [name, typeOf(step)]));
  }

  error(path: string, code: string, message: string): void {
    this.errors.push({ path, code, message });
  }

  warn(path: string, code: string, message: string): void {
    this.warnings.push({ path, code, message });
  }

  /** Runs a translation; a fault of it is told at `path`. */
  at<T>(path: string, otherwise: T, translate: () => T): T {
    try {
      return translate();
    } catch (fault) {
      if (!(fault instanceof AwfSyntaxError)) throw fault;
      this.error(path, fault.code, fault.message);
      return otherwise;
    }
  }

  template(text: Json, path: string): string {
    const written = typeof text === 'string' ? text : text === null ? '' : JSON.stringify(text);
    return this.at(path, '', () => translateTemplate(written, this));
  }

  /** Every text in a value. */
  deep(value: Json, path: string): Json {
    if (typeof value === 'string') return this.template(value, path);
    if (Array.isArray(value)) return value.map((element, index) => this.deep(element, `${path}/${index}`));
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, this.deep(member, `${path}/${key}`)]));
  }

  condition(value: Json, path: string): string | boolean {
    if (typeof value === 'boolean') return value;
    if (typeof value !== 'string') {
      this.error(path, 'type', 'a condition is a text');
      return false;
    }
    return this.at(path, '{{ false }}', () => `{{ ${translateExpression(value, this)} }}`);
  }

  /** A number, or a text that comes to one. */
  number(value: Json, path: string): Json {
    if (typeof value === 'number') return value;
    if (typeof value === 'string' && /^\d+$/.test(value.trim())) return Number(value);
    return this.at<Json>(path, 1, () => `{{ ${translateExpression(String(value), this)} }}`);
  }

  /** A list, or a text that holds one as JSON or separated by commas. */
  items(value: Json, path: string): Json {
    if (Array.isArray(value)) return this.deep(value, path);
    if (typeof value !== 'string') {
      this.error(path, 'type', 'items is a list or a text');
      return [];
    }
    return this.at<Json>(path, [], () => {
      const parts = parseTemplate(value.trim(), this);
      const [only] = parts;
      return `{{ to_list(${parts.length === 1 && only?.kind === 'cel' ? only.cel : concatenation(parts)}) }}`;
    });
  }

  hooks(list: Json | undefined, path: string): HookDefinition[] {
    if (list === undefined || list === null) return [];
    const entries = Array.isArray(list) ? list : [list];
    return entries.flatMap((entry, index): HookDefinition[] => {
      const at = Array.isArray(list) ? `${path}/${index}` : path;
      if (isJsonObject(entry) && entry['command'] !== undefined) return [{ command: this.template(entry['command'], `${at}/command`) }];
      if (isJsonObject(entry) && entry['log'] !== undefined) return [{ log: this.template(entry['log'], `${at}/log`) }];
      this.error(at, 'type', 'a hook is {log} or {command}');
      return [];
    });
  }
}

/** The kind of state a step becomes, as far as names depend on it. */
function typeOf(step: Json | undefined): string {
  if (!isJsonObject(step)) return 'command';
  const type = step['type'] ?? 'step';
  if (type === 'operation')
    return step['operation'] === 'http.request' || step['operation'] === 'notify.send' ? step['operation'] : 'operation';
  return type === 'step' || type === 'command' ? 'command' : String(type);
}

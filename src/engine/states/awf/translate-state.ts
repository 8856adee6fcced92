import { isJsonObject, type Json, type JsonObject } from '../../model/json.js';
import type { InputRule, StateDefinition } from '../../model/states-definition.js';
import { durationMs, timeoutMs } from './duration.js';
import { namedFile } from './named-file.js';
import type { AwfTexts } from './texts.js';
import { converses, translateAgent } from './translate-agent.js';
import { translateOperation } from './translate-operation.js';

/** AWF goes over a hundred items unless told otherwise. */
const DEFAULT_ITERATIONS = 100;

/** One step of AWF as a native state. */
export function translateState(
  name: string,
  step: Json | undefined,
  steps: JsonObject,
  inputs: readonly InputRule[],
  texts: AwfTexts,
): StateDefinition {
  const path = `/states/${name}`;
  if (!isJsonObject(step)) {
    texts.error(path, 'type', 'a step is a mapping');
    return { type: 'terminal' };
  }
  return new StateTranslation(name, path, step, steps, inputs, texts).translate();
}

class StateTranslation {
  /** 0 without a limit. */
  private readonly limitMs: number;

  constructor(
    private readonly name: string,
    private readonly path: string,
    private readonly step: JsonObject,
    private readonly steps: JsonObject,
    private readonly inputs: readonly InputRule[],
    private readonly texts: AwfTexts,
  ) {
    const { timeout } = step;
    this.limitMs = timeout === undefined ? 0 : texts.at(`${path}/timeout`, 0, () => timeoutMs(timeout));
  }

  translate(): StateDefinition {
    const { step, texts, path } = this;
    const type = step['type'] ?? 'step';
    if (type === 'terminal') {
      const status = step['status'] === 'failure' ? 'failure' : 'success';
      return {
        type: 'terminal',
        status,
        ...(step['message'] === undefined ? {} : { message: texts.template(step['message'], `${path}/message`) }),
      };
    }
    for (const ignored of ['depends_on', 'capture', 'when', 'loop']) {
      if (step[ignored] !== undefined) texts.warn(`${path}/${ignored}`, 'not_kept', `${ignored} of a step has no effect`);
    }
    // The members are put together as JSON and checked as any definition is.
    return { ...this.common(), ...this.specific(String(type)) } as unknown as StateDefinition;
  }

  private specific(type: string): JsonObject {
    switch (type) {
      case 'step':
      case 'command':
        return { type: 'command', ...this.command(), ...this.retry() };
      case 'parallel':
        return this.parallel();
      case 'for_each':
      case 'while':
        return this.loop(type);
      case 'call_workflow':
        return { ...this.call(), ...this.retry() };
      case 'operation':
        return { ...translateOperation(this.step, this.path, this.texts), ...this.retry() };
      case 'agent':
        return { ...translateAgent(this.name, this.steps, this.limitMs, this.texts), ...this.retry() };
      default:
        this.texts.error(`${this.path}/type`, 'unknown_type', `there is no type of step ${type}`);
        return { type: 'terminal' };
    }
  }

  // --- What every step has -----------------------------------------------------------------------------------------

  private common(): JsonObject {
    const { step, texts, path } = this;
    const common: JsonObject = {};
    if (typeof step['description'] === 'string') common['description'] = step['description'];
    // Of a conversation it is a limit of each answer: people take the time they need.
    if (this.limitMs > 0 && !converses(step)) common['timeout_ms'] = this.limitMs;
    if (step['continue_on_error'] === true) common['continue_on_error'] = true;
    for (const key of ['on_success', 'on_complete'] as const) {
      const target = this.target(step[key], `${path}/${key}`);
      if (target !== null && (key === 'on_success' || step['body'] !== undefined)) common[key] = target;
    }
    const failure = step['on_failure'];
    if (isJsonObject(failure)) {
      const status: JsonObject = typeof failure['status'] === 'number' ? { status: failure['status'] } : {};
      common['on_failure'] = { message: texts.template(failure['message'] ?? '', `${path}/on_failure/message`), ...status };
    } else {
      const target = this.target(failure, `${path}/on_failure`);
      if (target !== null) common['on_failure'] = target;
    }
    const transitions = this.transitions();
    if (transitions.length > 0) common['transitions'] = transitions;
    return { ...common, ...this.hooks() };
  }

  private transitions(): Json[] {
    const { transitions } = this.step;
    if (!Array.isArray(transitions)) return [];
    return transitions.flatMap((transition, index): Json[] => {
      const at = `${this.path}/transitions/${index}`;
      if (!isJsonObject(transition)) return [];
      const goto = this.target(transition['goto'], `${at}/goto`);
      if (goto === null) return [];
      const { when } = transition;
      return [{ goto, ...(when === undefined || when === null || when === '' ? {} : { when: this.texts.condition(when, `${at}/when`) }) }];
    });
  }

  /** Steps that only stand in a loop may name what does not exist: they carry on then. */
  private target(value: Json | undefined, path: string): string | null {
    if (typeof value !== 'string' || value === '') return null;
    if (this.steps[value] !== undefined || !this.inBody()) return value;
    this.texts.warn(path, 'not_kept', `there is no step ${value}; the loop carries on`);
    return null;
  }

  private inBody(): boolean {
    return Object.values(this.steps).some((step) => isJsonObject(step) && Array.isArray(step['body']) && step['body'].includes(this.name));
  }

  private hooks(): JsonObject {
    const { hooks, pre_hook: pre, post_hook: post } = this.step;
    const listed = isJsonObject(hooks) ? hooks : {};
    const both = {
      pre: this.texts.hooks(listed['pre'] ?? pre, `${this.path}/hooks/pre`),
      post: this.texts.hooks(listed['post'] ?? post, `${this.path}/hooks/post`),
    };
    return both.pre.length + both.post.length === 0 ? {} : { hooks: both };
  }

  private retry(): JsonObject {
    const { retry } = this.step;
    if (!isJsonObject(retry)) return {};
    const at = `${this.path}/retry`;
    const policy: JsonObject = { max_attempts: typeof retry['max_attempts'] === 'number' ? Math.max(1, retry['max_attempts']) : 1 };
    for (const [from, to] of [
      ['initial_delay', 'initial_delay_ms'],
      ['max_delay', 'max_delay_ms'],
    ] as const) {
      const value = retry[from];
      if (value !== undefined && value !== null) policy[to] = this.texts.at(`${at}/${from}`, 0, () => Math.round(durationMs(value)));
    }
    if (retry['backoff'] !== undefined) policy['backoff'] = retry['backoff'];
    if (typeof retry['multiplier'] === 'number') policy['multiplier'] = retry['multiplier'];
    if (retry['jitter'] === true || (typeof retry['jitter'] === 'number' && retry['jitter'] > 0)) policy['jitter'] = true;
    if (Array.isArray(retry['retryable_exit_codes'])) policy['retryable_exit_codes'] = retry['retryable_exit_codes'];
    return { retry: policy };
  }

  // --- What each type has ------------------------------------------------------------------------------------------

  private command(): JsonObject {
    const { step, texts, path } = this;
    const place: JsonObject = step['dir'] === undefined ? {} : { workdir: texts.template(step['dir'], `${path}/dir`) };
    const env = this.environment();
    if (step['script_file'] === undefined) {
      if (step['command'] === undefined) texts.error(path, 'required', 'a step has a command or a script_file');
      return { command: texts.template(step['command'] ?? '', `${path}/command`), ...place, env };
    }
    if (step['command'] !== undefined) texts.error(path, 'exclusive', 'a step has either a command or a script_file');
    const script = namedFile(String(step['script_file']), `${path}/script_file`, texts);
    return { script: texts.template(script, `${path}/script_file`), ...place, env };
  }

  /** Commands see the inputs that are texts as variables. */
  private environment(): JsonObject {
    const names = this.inputs.filter(({ name, type }) => type === 'string' && /^[A-Za-z_]\w*$/.test(name)).map(({ name }) => name);
    return Object.fromEntries(names.map((name) => [name, `{{ string(inputs.?${name}.orValue("")) }}`]));
  }

  private parallel(): JsonObject {
    const { step } = this;
    const limit: JsonObject =
      typeof step['max_concurrent'] === 'number' && step['max_concurrent'] > 0 ? { max_concurrent: step['max_concurrent'] } : {};
    const strategy: JsonObject = step['strategy'] === undefined ? {} : { strategy: step['strategy'] };
    return { type: 'parallel', branches: step['parallel'] ?? [], ...strategy, ...limit };
  }

  private loop(type: 'for_each' | 'while'): JsonObject {
    const { step, texts, path } = this;
    const over: JsonObject =
      type === 'for_each'
        ? { items: texts.items(step['items'] ?? '', `${path}/items`) }
        : { while: texts.condition(step['while'] ?? '', `${path}/while`) };
    const until: JsonObject =
      step['break_when'] === undefined ? {} : { break_when: texts.condition(step['break_when'], `${path}/break_when`) };
    const limit = step['max_iterations'] ?? DEFAULT_ITERATIONS;
    return { type, ...over, body: step['body'] ?? [], max_iterations: texts.number(limit, `${path}/max_iterations`), ...until };
  }

  private call(): JsonObject {
    const { step, texts, path } = this;
    const outputs = isJsonObject(step['outputs'])
      ? Object.entries(step['outputs']).map(([from, to]): [string, Json] => [String(to), from])
      : [];
    return {
      type: 'call_workflow',
      workflow: texts.template(step['workflow'] ?? '', `${path}/workflow`),
      inputs: texts.deep(step['inputs'] ?? {}, `${path}/inputs`),
      ...(outputs.length === 0 ? {} : { outputs: Object.fromEntries(outputs) }),
    };
  }
}

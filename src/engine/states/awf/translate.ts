import { isJsonObject, type Json, type JsonObject } from '../../model/json.js';
import { WORKFLOW_HOOKS, type HookDefinition, type InputRule, type StatesDefinition } from '../../model/states-definition.js';
import type { AwfFault, AwfSurroundings } from './awf-source.js';
import { agentOutput, celText } from './names.js';
import { AwfTexts } from './texts.js';
import { translateState } from './translate-state.js';
import { expandTemplates } from './step-templates.js';

/** Inputs whose names begin like this are shown nowhere. */
const MASKED = ['SECRET_', 'API_KEY', 'PASSWORD', 'TOKEN'];
const INPUT_TYPES = ['string', 'integer', 'boolean'];
const OUTPUT_TYPES = new Set(['command', 'agent', 'http.request', 'notify.send', 'operation', 'call_workflow']);

export type AwfTranslation =
  { readonly definition: StatesDefinition; readonly warnings: readonly AwfFault[] } | { readonly errors: readonly AwfFault[] };

/**
 * A workflow in AWF's own YAML, parsed, as a native state machine called `name`. Pure: files come from the surroundings.
 * What the definition means is then checked as any other's.
 */
export function translateAwf(source: Json, name: string, surroundings: AwfSurroundings = {}): AwfTranslation {
  if (!isJsonObject(source)) return { errors: [{ path: '', code: 'type', message: 'a workflow is a mapping' }] };
  return new Translation(source, name, surroundings).result();
}

class Translation {
  private readonly texts: AwfTexts;
  private readonly steps: JsonObject;

  constructor(
    private readonly source: JsonObject,
    private readonly name: string,
    surroundings: AwfSurroundings,
  ) {
    const faults: AwfFault[] = [];
    const { initial: _, ...steps } = isJsonObject(source['states']) ? source['states'] : {};
    this.steps = expandTemplates(steps, surroundings, faults);
    this.texts = new AwfTexts(this.steps, surroundings, faults);
  }

  result(): AwfTranslation {
    const { source, texts } = this;
    const states = isJsonObject(source['states']) ? source['states'] : {};
    if (!isJsonObject(source['states'])) texts.error('/states', 'required', 'states is required');
    else if (typeof states['initial'] !== 'string') texts.error('/states/initial', 'required', 'initial is required');
    const inputs = this.inputs();
    const definition: StatesDefinition = {
      name: this.name,
      kind: 'states',
      ...(typeof source['description'] === 'string' ? { description: source['description'] } : {}),
      ...this.tags(),
      ...(inputs.length === 0 ? {} : { inputs }),
      initial: String(states['initial']),
      states: Object.fromEntries(
        Object.entries(this.steps).map(([name, step]) => [name, translateState(name, step, this.steps, inputs, texts)]),
      ),
      ...this.hooks(),
      outputs: this.outputs(),
      settings: { mask_inputs: MASKED },
    };
    if (texts.errors.length > 0) return { errors: texts.errors };
    const declared = Array.isArray(source['env']) ? source['env'].filter((entry) => typeof entry === 'string') : [];
    const env = [...new Set([...declared, ...texts.env])];
    return { definition: { ...definition, ...(env.length === 0 ? {} : { env }) }, warnings: texts.warnings };
  }

  private tags(): Pick<StatesDefinition, 'tags'> {
    const { tags } = this.source;
    const listed = Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string' && tag !== '') : [];
    return listed.length === 0 ? {} : { tags: [...new Set(listed)] as string[] };
  }

  private inputs(): InputRule[] {
    const { inputs } = this.source;
    if (inputs === undefined || inputs === null) return [];
    if (!Array.isArray(inputs)) {
      this.texts.error('/inputs', 'type', 'inputs must be a list');
      return [];
    }
    return inputs.flatMap((input, index): InputRule[] => {
      if (!isJsonObject(input) || typeof input['name'] !== 'string') {
        this.texts.error(`/inputs/${index}`, 'required', 'an input has a name');
        return [];
      }
      const type = input['type'] ?? 'string';
      if (!INPUT_TYPES.includes(String(type))) this.texts.error(`/inputs/${index}/type`, 'unknown_type', `unknown type "${String(type)}"`);
      const known = ['description', 'required', 'default', 'validation'].flatMap((key) =>
        input[key] === undefined || input[key] === null ? [] : [[key, input[key]]],
      );
      return [{ name: input['name'], type, ...Object.fromEntries(known) } as InputRule];
    });
  }

  private hooks(): Pick<StatesDefinition, 'hooks'> {
    const { hooks } = this.source;
    if (!isJsonObject(hooks)) return {};
    const translated: Partial<Record<string, HookDefinition[]>> = {};
    for (const [event, list] of Object.entries(hooks)) {
      if ((WORKFLOW_HOOKS as readonly string[]).includes(event)) translated[event] = this.texts.hooks(list, `/hooks/${event}`);
      else this.texts.warn(`/hooks/${event}`, 'not_kept', `hooks of ${event} are not run`);
    }
    return { hooks: translated };
  }

  /** AWF keeps no outputs; what the steps wrote is what a caller can use. */
  private outputs(): Json {
    const names = Object.keys(this.steps).filter((name) => OUTPUT_TYPES.has(this.texts.stateTypes.get(name) ?? ''));
    return Object.fromEntries(names.map((name) => [name, this.output(name)]));
  }

  private output(name: string): string {
    const view = `states[${celText(name)}]`;
    const output = this.texts.stateTypes.get(name) === 'agent' ? agentOutput(view) : `${view}.output`;
    return `{{ ${celText(name)} in states ? ${output} : null }}`;
  }
}

import { isJsonObject, type Json, type JsonObject } from '../../model/json.js';
import { concatenation, parseTemplate } from './go-template.js';
import type { AwfTexts } from './texts.js';

/** Whose models the command lines of AWF ask. Of the others the name does not say. */
const PROVIDERS: Readonly<Record<string, string>> = { claude: 'anthropic', codex: 'openai', gemini: 'google' };
const OTHERS = ['github_copilot', 'mistral_vibe', 'opencode'];
const COMPATIBLE = 'openai_compatible';
const OPENAI_HOST = 'api.openai.com';
const CLAUDE_ALIASES: Readonly<Record<string, string>> = {
  sonnet: 'claude-sonnet-4-5',
  opus: 'claude-opus-4-5',
  haiku: 'claude-haiku-4-5',
};
/** What the options of a model are called natively. The first that is written counts. */
const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  temperature: ['temperature'],
  top_p: ['top_p'],
  max_tokens: ['max_completion_tokens', 'max_tokens'],
};
const KNOWN_OPTIONS = new Set(['model', 'base_url', 'api_key', 'system_prompt', ...Object.values(PARAMETERS).flat()]);
/** Variables that hold keys of models. */
const KEY_VARIABLE = /^(?:[A-Z][A-Z0-9_]*_API_(?:KEY|TOKEN)|HEDDLE_SECRET_[A-Za-z0-9_]+)$/;
/** What an expression reads that a run brings along. */
const CHOSEN_BY_RUN = /\{\{.*\b(?:inputs|states|loop)\b/s;
/** A call of a model is given up after so long; a step that has more time gives its calls that, and a little, so that its own limit is met first. */
const USUAL_CALL_MS = 120_000;
const MAX_CALL_MS = 3_600_000;
const MARGIN_MS = 60_000;

/** The variable that a text is nothing but, `{{env.NAME}}`; null when it is anything else. */
export function variableNamed(text: Json | undefined): string | null {
  return typeof text === 'string' ? (/^\s*\{\{-?\s*\.?env\.([A-Za-z_]\w*)\s*-?\}\}\s*$/.exec(text)?.[1] ?? null) : null;
}

/** The model that a step asks, as an agent's `primary`; null: the server's default model. `path` is that of the step. */
export function agentModel(step: JsonObject, path: string, limitMs: number, texts: AwfTexts): JsonObject | null {
  const options = isJsonObject(step['options']) ? step['options'] : {};
  for (const name of Object.keys(options)) {
    if (!KNOWN_OPTIONS.has(name))
      texts.warn(`${path}/options/${name}`, 'not_kept', `the option ${name} has no effect: no command line is run`);
  }
  const named = providerAndModel(step['provider'], options, path, texts);
  if (named === null) return null;
  const parameters = parametersOf(options, path, texts);
  return {
    ...named,
    ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
    ...(limitMs < USUAL_CALL_MS ? {} : { timeout_ms: Math.min(limitMs + MARGIN_MS, MAX_CALL_MS) }),
  };
}

function providerAndModel(provider: Json | undefined, options: JsonObject, path: string, texts: AwfTexts): JsonObject | null {
  if (typeof provider !== 'string' || provider === '') {
    texts.error(`${path}/provider`, 'required', 'an agent step has a provider');
    return null;
  }
  const model = typeof options['model'] === 'string' ? texts.template(options['model'], `${path}/options/model`) : '';
  if (provider === COMPATIBLE) return compatible(model, options, path, texts);
  if (provider.includes('{{'))
    return model === '' ? null : { provider: chosenProvider(provider, path, texts), model, ...address(options, path, texts) };
  const native = PROVIDERS[provider];
  if (native !== undefined) return model === '' ? null : { provider: native, model: CLAUDE_ALIASES[model] ?? model };
  if (!OTHERS.includes(provider)) {
    texts.error(
      `${path}/provider`,
      'unknown_provider',
      `there is no provider ${provider}; known are ${[...Object.keys(PROVIDERS), ...OTHERS, COMPATIBLE].join(', ')}`,
    );
    return null;
  }
  const [, prefix = '', rest = ''] = /^([a-z]+)\/(.+)$/.exec(model) ?? [];
  if (Object.values(PROVIDERS).includes(prefix)) return { provider: prefix, model: rest };
  if (model !== '') {
    const message = `nothing says who serves ${model} for ${provider}; the server's default model is asked. Write anthropic/…, openai/… or google/…`;
    texts.warn(`${path}/options/model`, 'not_kept', message);
  }
  return null;
}

function compatible(model: string, options: JsonObject, path: string, texts: AwfTexts): JsonObject | null {
  for (const name of ['base_url', 'model']) {
    if (typeof options[name] !== 'string' || options[name] === '')
      texts.error(`${path}/options/${name}`, 'required', `${COMPATIBLE} needs the option ${name}`);
  }
  const place = address(options, path, texts);
  // OpenAI itself has its usual key; to any other address a key goes only when it is named.
  const isOpenAi = typeof place['base_url'] === 'string' && URL.parse(place['base_url'])?.host === OPENAI_HOST;
  return isOpenAi && place['api_key_env'] === undefined ? { provider: 'openai', model } : { provider: COMPATIBLE, model, ...place };
}

/** Where the models are, and the variable with the key: a key itself is in no definition. */
function address(options: JsonObject, path: string, texts: AwfTexts): JsonObject {
  const url = options['base_url'];
  const key = options['api_key'];
  const variable = variableNamed(key);
  if (key !== undefined && key !== null && key !== '' && (variable === null || !KEY_VARIABLE.test(variable))) {
    texts.error(
      `${path}/options/api_key`,
      'key_in_definition',
      'name the variable with the key: {{.env.NAME}}, with a NAME like *_API_KEY or HEDDLE_SECRET_*',
    );
  }
  const baseUrl = typeof url === 'string' ? texts.template(url, `${path}/options/base_url`) : '';
  if (variable !== null && CHOSEN_BY_RUN.test(baseUrl)) {
    texts.error(
      `${path}/options/base_url`,
      'key_for_anybody',
      'a key goes to an address of the workflow or of env only: whoever starts a run could send it anywhere',
    );
  }
  return {
    ...(baseUrl === '' ? {} : { base_url: baseUrl }),
    ...(variable === null ? {} : { api_key_env: variable }),
  };
}

/** A provider that the run chooses. */
function chosenProvider(written: string, path: string, texts: AwfTexts): string {
  const table = Object.entries({ ...PROVIDERS, [COMPATIBLE]: COMPATIBLE }).map(([name, native]) => `"${name}": "${native}"`);
  const chosen = texts.at(`${path}/provider`, '""', () => concatenation(parseTemplate(written.trim(), texts)));
  return `{{ {${table.join(', ')}}[${chosen}] }}`;
}

function parametersOf(options: JsonObject, path: string, texts: AwfTexts): JsonObject {
  const parameters: JsonObject = {};
  for (const [native, names] of Object.entries(PARAMETERS)) {
    const name = names.find((each) => options[each] !== undefined && options[each] !== null);
    if (name !== undefined) parameters[native] = texts.number(options[name] ?? 0, `${path}/options/${name}`);
  }
  return parameters;
}

import { isJsonObject, type Json, type JsonObject } from '../../../engine/index.js';

/** Whether this is an agent as Astromesh writes it: `apiVersion, kind, metadata, spec`. */
export function isAstromeshDocument(value: Json): value is JsonObject {
  return isJsonObject(value) && isJsonObject(value['spec']) && isJsonObject(value['metadata']) && value['kind'] !== undefined;
}

/** Where a part of the native definition stands in the Astromesh document: faults are told there. */
export type Places = (path: string) => string;

/**
 * An Astromesh document as a native definition; not validated. Its `kind` is `Agent`. What has no meaning here is kept under
 * `extra`, so that nothing of the document is lost.
 */
export function fromAstromesh(document: JsonObject): { readonly definition: JsonObject; readonly places: Places } {
  const metadata = document['metadata'] as JsonObject;
  const spec = document['spec'] as JsonObject;
  const { identity, model, prompts, orchestration, tools, memory, knowledge, guardrails, permissions, output_schema, ...others } = spec;
  // Theirs has none of these: they are as they are natively.
  const { approvals, budget, output_repairs, ...rest } = others;
  const described = isJsonObject(identity) ? identity['description'] : undefined;
  const definition = defined({
    name: metadata['name'],
    description: described ?? metadata['description'],
    labels: metadata['labels'],
    instructions: isJsonObject(prompts) ? prompts['system'] : undefined,
    model: isJsonObject(model) ? modelOf(model) : model,
    orchestration: isJsonObject(orchestration) ? orchestrationOf(orchestration) : orchestration,
    tools: Array.isArray(tools) ? tools.map(toolOf) : tools,
    memory: isJsonObject(memory) ? memory : undefined,
    knowledge: isJsonObject(knowledge)
      ? defined({ collection: knowledge['pipeline'] ?? knowledge['collection'], top_k: knowledge['top_k'] })
      : undefined,
    guardrails,
    permissions,
    output_schema,
    approvals,
    budget,
    output_repairs,
    extra: extraOf(document, rest, identity, prompts),
  });
  return { definition, places };
}

function modelOf(model: JsonObject): JsonObject {
  const routing = isJsonObject(model['routing']) ? model['routing']['strategy'] : model['routing'];
  const roles = isJsonObject(model['roles']) ? model['roles'] : {};
  const standard = model['default'];
  const blocks = isJsonObject(standard) && Array.isArray(standard['candidates']) ? standard['candidates'] : primaryAndOthers(model);
  const [primary, ...fallback] = blocks.map(blockOf);
  return defined({
    primary,
    fallback: fallback.length === 0 ? undefined : fallback,
    // Their default.
    routing: (isJsonObject(standard) ? standard['strategy'] : undefined) ?? routing ?? 'cost_optimized',
    roles: Object.keys(roles).length === 0 ? undefined : mapValues(roles, roleOf),
  });
}

function primaryAndOthers(model: JsonObject): Json[] {
  const { primary, fallback, extra } = model;
  const fallbacks = Array.isArray(fallback) ? fallback : [fallback];
  const extras = isJsonObject(extra) ? Object.values(extra) : [];
  return [primary, ...fallbacks, ...extras].filter((block): block is Json => block !== undefined && block !== null);
}

function roleOf(role: Json): Json {
  if (!isJsonObject(role)) return role;
  const candidates = Array.isArray(role['candidates']) ? role['candidates'].map(blockOf) : role['candidates'];
  return defined({ candidates, routing: role['strategy'] });
}

const PROVIDERS: Readonly<Record<string, string>> = {
  ollama: 'openai_compatible',
  vllm: 'openai_compatible',
  openai_compat: 'openai_compatible',
  llamacpp: 'openai_compatible',
  'llama.cpp': 'openai_compatible',
  lmstudio: 'openai_compatible',
  hf: 'openai_compatible',
  gemini: 'google',
};
const ADDRESSES: Readonly<Record<string, string>> = { ollama: 'http://127.0.0.1:11434/v1', hf: 'https://router.huggingface.co/v1' };

/** One model. Their names of providers and parameters become ours. */
function blockOf(block: Json): Json {
  if (!isJsonObject(block)) return block;
  const { provider, source, model, endpoint, base_url, timeout, temperature, max_tokens, parameters, providerRef: _, ...rest } = block;
  const named = String(provider ?? source ?? '');
  // `litellm` names write the provider in front of the model.
  const split = /^(openai|anthropic|gemini|google|ollama)\/(.+)$/.exec(String(model ?? ''));
  const litellm = (named === '' || named === 'litellm') && split !== null;
  const word = litellm ? String(split[1]) : named === '' ? 'openai_compat' : named;
  const kept = isJsonObject(parameters) ? parameters : {};
  const all = defined({ temperature, max_tokens, ...kept });
  return defined({
    provider: PROVIDERS[word] ?? word,
    model: litellm ? String(split[2]) : model,
    base_url: addressOf(word, endpoint ?? base_url),
    timeout_ms: typeof timeout === 'number' ? Math.round(timeout * 1_000) : timeout,
    parameters: Object.keys(all).length === 0 ? undefined : listStop(all),
    ...rest,
  });
}

/** Ollama and the like are told without the path of their OpenAI-compatible face. */
function addressOf(word: string, endpoint: Json | undefined): Json | undefined {
  if (typeof endpoint !== 'string') return endpoint ?? ADDRESSES[word];
  if (PROVIDERS[word] !== 'openai_compatible' || !URL.canParse(endpoint)) return endpoint;
  const url = new URL(endpoint);
  return url.pathname === '/' || url.pathname === '' ? `${url.origin}/v1` : endpoint.replace(/\/$/, '');
}

function listStop(parameters: JsonObject): JsonObject {
  return typeof parameters['stop'] === 'string' ? { ...parameters, stop: [parameters['stop']] } : parameters;
}

function orchestrationOf(orchestration: JsonObject): JsonObject {
  const { timeout, timeout_seconds: seconds, narrate: _, max_repairs: __, ...rest } = orchestration;
  const limit = seconds ?? timeout;
  return defined({ ...rest, timeout_ms: typeof limit === 'number' ? Math.round(limit * 1_000) : limit });
}

function toolOf(tool: Json): Json {
  if (!isJsonObject(tool)) return tool;
  const { type, context_transform: _, connection: __, actions: ___, permissions: ____, ...rest } = tool;
  return defined({ ...rest, ...(type === 'builtin' || type === 'internal' ? {} : { type }) });
}

function extraOf(document: JsonObject, rest: JsonObject, identity: Json | undefined, prompts: Json | undefined): JsonObject | undefined {
  const metadata = document['metadata'] as JsonObject;
  const templates = isJsonObject(prompts) ? prompts['templates'] : undefined;
  const { name: _, labels: __, description: ___, ...others } = metadata;
  const extra = defined({
    api_version: document['apiVersion'],
    metadata: Object.keys(others).length === 0 ? undefined : others,
    identity,
    prompt_templates: templates,
    spec: Object.keys(rest).length === 0 ? undefined : rest,
  });
  return Object.keys(extra).length === 0 ? undefined : extra;
}

/** Told where the author wrote it, as far as that can be said. */
function places(path: string): string {
  if (path === '/name') return '/metadata/name';
  if (path === '/labels' || path.startsWith('/labels/')) return `/metadata${path}`;
  if (path === '/description') return '/spec/identity/description';
  if (path === '/instructions') return '/spec/prompts/system';
  if (path.startsWith('/knowledge/collection')) return '/spec/knowledge/pipeline';
  if (path === '/orchestration/timeout_ms') return '/spec/orchestration/timeout_seconds';
  if (path === '') return '';
  return `/spec${path}`;
}

function mapValues(object: JsonObject, map: (value: Json) => Json): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value)]));
}

function defined(members: Record<string, Json | undefined>): JsonObject {
  return Object.fromEntries(Object.entries(members).filter((member): member is [string, Json] => member[1] !== undefined));
}

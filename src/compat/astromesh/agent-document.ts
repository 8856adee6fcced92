import { isJsonObject, type Json, type JsonObject } from '../../engine/index.js';
import type { AgentDefinition } from '../../modules/agents/index.js';

/** An agent as an Astromesh document; of one that came as a document, storing it again changes nothing. */
export function documentOf(definition: AgentDefinition): JsonObject {
  const { name, labels, description, instructions, model, orchestration, tools, knowledge, extra = {}, ...same } = definition;
  const { api_version: apiVersion, metadata, identity, prompt_templates: templates, spec } = extra;
  const prompts = defined({ system: instructions, templates });
  return {
    apiVersion: apiVersion ?? 'astromesh/v1',
    kind: 'Agent',
    metadata: defined({ name, ...objectOr(metadata), labels }),
    spec: defined({
      identity: identity ?? (description === undefined ? undefined : { description }),
      model: modelOf(model as unknown as Model),
      prompts: Object.keys(prompts).length === 0 ? undefined : prompts,
      orchestration: orchestration === undefined ? undefined : orchestrationOf(orchestration as JsonObject),
      tools: tools?.map((tool) => toolOf(tool as Json)),
      knowledge: knowledge === undefined ? undefined : defined({ pipeline: knowledge.collection, top_k: knowledge.top_k }),
      ...(same as JsonObject),
      ...objectOr(spec),
    }),
  };
}

interface Model {
  readonly primary: JsonObject;
  readonly fallback?: readonly JsonObject[];
  readonly routing?: string;
  readonly roles?: Readonly<Record<string, { readonly candidates: readonly JsonObject[]; readonly routing?: string }>>;
}

/** A document has one fallback; whatever comes after it is `extra`. */
function modelOf({ primary, fallback: [fallback, ...others] = [], routing, roles }: Model): JsonObject {
  return defined({
    primary: blockOf(primary),
    fallback: fallback === undefined ? undefined : blockOf(fallback),
    extra: others.length === 0 ? undefined : Object.fromEntries(others.map((block, index) => [`fallback_${index + 2}`, blockOf(block)])),
    routing: { strategy: routing ?? 'quality_first' },
    roles:
      roles === undefined
        ? undefined
        : Object.fromEntries(
            Object.entries(roles).map(([role, { candidates, routing: strategy }]) => [
              role,
              defined({ candidates: candidates.map(blockOf), strategy }),
            ]),
          ),
  });
}

function blockOf({ base_url: endpoint, timeout_ms: timeout, ...same }: JsonObject): JsonObject {
  return defined({ ...same, endpoint, timeout: secondsOf(timeout) });
}

function orchestrationOf({ timeout_ms: timeout, ...same }: JsonObject): JsonObject {
  return defined({ ...same, timeout_seconds: secondsOf(timeout) });
}

function toolOf(tool: Json): Json {
  if (!isJsonObject(tool)) return { name: tool, type: 'builtin' };
  return { ...tool, type: tool['type'] ?? 'builtin' };
}

/** Theirs are seconds, ours milliseconds. */
export function secondsOf(milliseconds: Json | undefined): number | undefined {
  return typeof milliseconds === 'number' ? milliseconds / 1_000 : undefined;
}

function objectOr(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function defined(members: Readonly<Record<string, unknown>>): JsonObject {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as JsonObject;
}

import type { ApiBodyOptions } from '@nestjs/swagger';
import { isJsonObject, type Json, type JsonObject } from '../../../engine/index.js';
import { AGENT_SCHEMA } from '../definition/agent-schema.js';

const AGENT_EXAMPLE = {
  name: 'assistant',
  description: 'Answers questions',
  instructions: 'You are a helpful assistant of {{ context.company }}.',
  model: { primary: { provider: 'openai', model: 'gpt-4.1-mini' } },
};

/** An agent's definition in the OpenAPI document. The same schema serves JSON and YAML. */
export const AGENT_BODY = {
  description: 'An agent, as JSON or YAML; or an Astromesh document (`apiVersion`, `kind: Agent`, `metadata`, `spec`)',
  required: true,
  schema: {
    anyOf: [
      { ...(withoutDiscriminators(AGENT_SCHEMA) as JsonObject), title: 'Agent' },
      {
        type: 'object',
        title: 'Astromesh document',
        required: ['kind', 'metadata', 'spec'],
        properties: { apiVersion: { type: 'string' }, kind: { const: 'Agent' }, metadata: { type: 'object' }, spec: { type: 'object' } },
      },
    ],
    example: AGENT_EXAMPLE,
  },
} as unknown as ApiBodyOptions;

/** The same, where the document need not say it all again. */
export const AGENT_BODY_AGAIN = {
  description: 'As `POST /agents` takes it, as JSON or YAML',
  required: true,
  schema: { type: 'object', additionalProperties: true, example: AGENT_EXAMPLE },
} as unknown as ApiBodyOptions;

/** In OpenAPI a discriminator chooses between named schemas only; here the kinds are told apart by their `const`. */
function withoutDiscriminators(schema: Json | undefined): Json {
  if (Array.isArray(schema)) return schema.map(withoutDiscriminators);
  if (!isJsonObject(schema)) return schema ?? null;
  const kept = Object.entries(schema).filter(([key]) => key !== 'discriminator');
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutDiscriminators(value)]));
}

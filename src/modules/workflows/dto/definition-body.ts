import type { ApiBodyOptions } from '@nestjs/swagger';
import { WORKFLOW_SCHEMA } from '../../../engine/workflow/index.js';

/** A definition in the OpenAPI document. The same schema serves JSON and YAML. */
export const DEFINITION_BODY = {
  description: 'A workflow definition, as JSON or YAML',
  required: true,
  schema: {
    ...WORKFLOW_SCHEMA,
    example: {
      name: 'demo/hello',
      description: 'Greets somebody',
      inputs: { type: 'object', properties: { name: { type: 'string', default: 'world' } } },
      nodes: [{ id: 'greet', type: 'transform.set', config: { values: { text: 'Hello, {{ inputs.name }}!' } } }],
      outputs: '{{ nodes.greet.output.text }}',
    },
  },
} as unknown as ApiBodyOptions;

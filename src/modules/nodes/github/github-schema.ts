import type { JsonObject } from '../../../engine/model/json.js';
import { objectOf } from '../builtin/schemas.js';
import { GITHUB_OPERATION_NAMES, GITHUB_OPERATIONS } from './github-operations.js';

const MAX_OPERATIONS = 100;
const LIST: JsonObject = { type: ['array', 'string'], items: { type: 'string' }, maxItems: 100 };

/** What operations are told; which of it each needs is said where the schema of all is put together. */
const GITHUB_INPUTS: JsonObject = {
  repo: { type: 'string', description: '`owner/name`.' },
  number: { type: ['integer', 'string'], description: 'Of the issue or pull request.' },
  title: { type: 'string', maxLength: 1_000 },
  body: { type: 'string', maxLength: 100_000 },
  head: { type: 'string', maxLength: 300, description: 'Branch that is to be merged.' },
  base: { type: 'string', maxLength: 300, description: 'Branch that it is merged into.' },
  draft: { type: ['boolean', 'string'] },
  labels: { ...LIST, description: 'Names, as a list or separated by commas.' },
  assignees: LIST,
  fields: { ...LIST, description: 'Which fields are answered; all if not said.' },
  limit: { type: ['integer', 'string'], description: 'Comments at most; 1,000.' },
};

const operations = GITHUB_OPERATION_NAMES.map((name) => `\`${name}\`: ${GITHUB_OPERATIONS[name].description}`).join('; ');

export const GITHUB_CONFIG: JsonObject = {
  ...objectOf(
    {
      operation: {
        type: 'string',
        enum: [...GITHUB_OPERATION_NAMES, 'batch'],
        description: `${operations}; \`batch\`: several of these, side by side.`,
      },
      ...GITHUB_INPUTS,
      operations: {
        type: 'array',
        minItems: 1,
        maxItems: MAX_OPERATIONS,
        items: objectOf({ name: { type: 'string' }, inputs: { type: 'object' } }, ['name']),
        description: 'Of `batch`: operations by their names, with their inputs.',
      },
      strategy: {
        type: 'string',
        enum: ['all_succeed', 'any_succeed', 'best_effort'],
        default: 'best_effort',
        description: 'Of `batch`: the first failure ends it, the first success does, or nothing does.',
      },
      concurrency: { type: ['integer', 'string'], default: 3, description: 'Of `batch`: operations at a time.' },
      token: {
        type: 'string',
        description: 'An access token, such as `{{ secrets.GITHUB_TOKEN }}`; without one only what is public can be read.',
      },
      base_url: {
        type: 'string',
        default: 'https://api.github.com',
        description: 'Address of the REST API, for other servers than github.com.',
      },
    },
    ['operation'],
  ),
  allOf: [...GITHUB_OPERATION_NAMES.map((name) => needs(name, GITHUB_OPERATIONS[name].required)), needs('batch', ['operations'])],
};

function needs(operation: string, required: readonly string[]): JsonObject {
  return {
    if: { type: 'object', properties: { operation: { const: operation } }, required: ['operation'] },
    then: { type: 'object', required: [...required] },
  };
}

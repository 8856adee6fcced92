import { DEFINITION_SCHEMA } from '../graph/index.js';
import { isJsonObject, type JsonObject } from '../model/json.js';
import { STATE_SCHEMAS, STATES_SCHEMA } from '../states/index.js';

/** JSON Schema 2020-12 of a definition of any kind: its structure. What it means is checked by `validateWorkflow`. */
export const WORKFLOW_SCHEMA: JsonObject = {
  title: 'Workflow definition',
  oneOf: [withoutDialect(DEFINITION_SCHEMA), withStates(withoutDialect(STATES_SCHEMA))],
};

function withoutDialect(schema: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$schema'));
}

function withStates(schema: JsonObject): JsonObject {
  const { states, ...properties } = objectOf(schema['properties']);
  const types = Object.entries(STATE_SCHEMAS).map(([type, state]) => ({
    ...state,
    properties: { ...objectOf(state['properties']), type: { const: type } },
    required: [...(Array.isArray(state['required']) ? state['required'] : []), 'type'],
  }));
  return { ...schema, properties: { ...properties, states: { ...objectOf(states), additionalProperties: { oneOf: types } } } };
}

function objectOf(value: JsonObject[string] | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
